"""The empirical latent distribution gives the best output.

Means: Samples decoded from exact draws of the aggregate posterior are not worse than those of any rival that was
fitted or given (prior, moments, Gaussian, mixture, flow), and not because they are copies of the training data.
Reads: `metrics.parquet` of `sampling_strategies`, else of `gap_ladder`: strategies posterior, prior, posterior-mean,
global-gaussian, gaussian-full, gmm, flow and held-out, as far as they were run; metrics kid, fd_infinity, coverage
and nearer_to_train.
Effect: A share of the gap in KID, FD∞ and coverage between draws from the prior and real held-out data, from 0 (as
the prior) to 1 (as real data): what posterior closes less what the best rival closes. And the share of samples nearer
to training than to held-out data, less that of real data, in points.
Matters: 5 % of the gap, the smallest effect that matters in the whole study, so that being best means that no rival
is 5 % better; and 5 points of samples nearer to the training data, which a reader of samples would call copying.
Supports: The effects lie above −5 %, and the points below 5.
Refutes: A rival is at least 5 % better, or the samples are copies: the points lie above 5.
"""

from study.claims.base import MAIN, QUALITY, Claim, Measure
from study.claims.measures import ahead, difference
from study.statistics import MATTERS

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
        Measure(
            "nearer_to_train",
            "samples of `posterior` nearer to training data, less real data",
            difference("posterior", "nearer_to_train", minus="held-out"),
            0.05,
            "below",
            (*MAIN, "gap_ladder"),
            "points",
            part="not by copying",
        ),
    ),
    figure="effects",
)
