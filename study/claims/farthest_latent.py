"""Take the one latent that is farthest from N(0, 1): its values from the two distributions give different output.

Means: One latent is told from N(0, 1). In draws from the prior, its values from q(z) make samples closer to real
data; in draws from q(z), its values from N(0, 1) make them less close.
Reads: `latents.parquet` of `single_latent`, else of `sampling_strategies` or `gap_ladder`: columns w1 and ks, the
largest over dimensions; and `metrics.parquet` of `single_latent`: strategies prior, posterior, one-from-q (the prior,
but for the latent that is farthest), one-from-prior (q(z), but for it) and held-out, metrics kid and fd_infinity.
Effect: The largest Wasserstein-1 distance (in standard deviations of N(0, 1)) and the largest Kolmogorov-Smirnov
distance (in points) of a marginal from N(0, 1); the share of the gap that one-from-q closes; and the share that
posterior closes less that of one-from-prior.
Matters: A tenth of a standard deviation, 5 points, and 5 % of the gap, the smallest effect that matters in the whole
study.
Supports: The effects lie above these.
Refutes: They lie below. If the latent differs and the output does not, it depends on what is measured.
"""

from study.claims.base import Claim, Measure
from study.claims.measures import closed
from study.claims.shared import FARTHEST, READS
from study.statistics import MATTERS

CLAIM = Claim(
    number=21,
    said_by="Reeves",
    declared=__doc__ or "",
    tests=(
        Measure(
            "w1",
            "W₁ of the farthest marginal",
            FARTHEST["w1"],
            0.1,
            "above",
            ("single_latent", *READS),
            "sd",
            part="latent differs",
        ),
        Measure(
            "ks",
            "KS distance of the farthest marginal",
            FARTHEST["ks"],
            0.05,
            "above",
            ("single_latent", *READS),
            "points",
            part="latent differs",
        ),
        *(
            Measure(metric, quantity, of(metric), MATTERS, "above", ("single_latent",), part="output differs")
            for metric in ("kid", "fd_infinity")
            for quantity, of in (
                ("share of the gap closed by `one-from-q`", lambda metric: closed("one-from-q", metric)),
                (
                    "share closed by `posterior` less that by `one-from-prior`",
                    lambda metric: closed("posterior", metric, minus="one-from-prior"),
                ),
            )
        ),
    ),
    figure="dimensions",
)
