"""The empirical latent distribution gives the best output.

Means: Samples decoded from exact draws of the aggregate posterior are not worse than those of any rival that was
fitted or given (prior, moments, Gaussian, mixture, flow), and not because they are copies of the training data.
Reads: `metrics.parquet` of `sampling_strategies`, else of `gap_ladder`: strategies posterior, prior, posterior-mean,
global-gaussian, gaussian-full, gmm, flow, held-out, copycat and noise, as far as they were run; metrics kid,
fd_infinity, coverage, nearer_to_train and authenticity.
Effect: A share of the gap in KID, FD∞ and coverage between draws from the prior and real held-out data, from 0 (as
the prior) to 1 (as real data): what posterior closes less what the best rival closes. And the share of samples nearer
to training than to held-out data, less that of real data, and the share that authenticity calls copies, likewise, in
points. A measure of copying counts where it flags repeated training examples, and neither held-out data nor noise. This
condition and authenticity were added when all results were known: nearness flags noise on three of four data sets.
Matters: 5 % of the gap, the smallest effect that matters in the whole study, so that being best means that no rival
is 5 % better; and 5 points of samples nearer to the training data, which a reader of samples would call copying.
Supports: The effects lie above −5 %, and the points below 5.
Refutes: A rival is at least 5 % better, or the samples are copies: the points lie above 5.
"""

from study.claims.base import MAIN, QUALITY, Claim, Measure
from study.claims.measures import ahead, copied
from study.statistics import MATTERS

COPYING = {"nearer_to_train": "nearer to training data", "authenticity": "that are not authentic"}
RIVALS = ("prior", "posterior-mean", "global-gaussian", "gaussian-full", "gmm", "flow")

CLAIM = Claim(
    number=3,
    said_by="Reeves",
    declared=__doc__ or "",
    tests=(
        *(
            Measure(
                metric,
                "share closed by `posterior` less that by its best rival",
                ahead("posterior", metric, rivals=RIVALS),
                -MATTERS,
                "above",
                (*MAIN, "gap_ladder"),
                part="best",
            )
            for metric in QUALITY
        ),
        *(
            Measure(
                metric,
                f"samples of `posterior` {said}, less real data",
                copied("posterior", metric),
                0.05,
                "below",
                (*MAIN, "gap_ladder"),
                "points",
                part="not by copying",
            )
            for metric, said in COPYING.items()
        ),
    ),
    figure="effects",
)
