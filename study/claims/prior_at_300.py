"""At α = 300 drawing from the prior is suboptimal.

Means: With a reconstruction weight of 300, exact draws from q(z) and a mixture fitted to it give samples closer to
real data than draws from the prior.
Reads: `metrics.parquet` of `reconstruction_weight`, configurations with alpha = 300: strategies prior, posterior, gmm
and held-out; metrics kid, fd_infinity and coverage.
Effect: A share of the gap in KID, FD∞ and coverage between draws from the prior and real held-out data, from 0 (as
the prior) to 1 (as real data), that posterior closes, and that gmm closes.
Matters: 5 % of the gap, the smallest effect that matters in the whole study.
Supports: The effects lie above 5 %.
Refutes: They lie below 5 %.
"""

from study.claims.base import QUALITY, Claim, Measure
from study.claims.measures import closed, only
from study.statistics import MATTERS

CLAIM = Claim(
    number=16,
    said_by="Arun",
    declared=__doc__ or "",
    tests=tuple(
        Measure(
            metric,
            f"share of the gap closed by `{name}` at α = 300",
            only(closed(name, metric), lambda place: place["alpha"] == 300),
            MATTERS,
            "above",
            ("reconstruction_weight",),
        )
        for name in ("posterior", "gmm")
        for metric in QUALITY
    ),
)
