"""Drawing from the prior is the correct thing to do for the whole distribution.

Means: No other latent distribution gives samples that are closer to real data: neither exact draws from the aggregate
posterior nor a mixture fitted to it.
Reads: `metrics.parquet` of `sampling_strategies`, else of `gap_ladder`: strategies prior, posterior, gmm and
held-out; metrics kid, fd_infinity and coverage.
Effect: A share of the gap in KID, FD∞ and coverage between draws from the prior and real held-out data, from 0 (as
the prior) to 1 (as real data), that posterior closes, and that gmm closes.
Matters: 5 % of the gap, the smallest effect that matters in the whole study: where others close less, the prior is as
good.
Supports: The effects lie below 5 %.
Refutes: They lie above 5 %. Where the prior's own gap cannot be told from zero nothing can be gained by anybody; such
settings are counted and left out.
"""

from study.claims.base import QUALITY, Claim, Measure
from study.claims.measures import closed
from study.claims.shared import READS
from study.statistics import MATTERS

CLAIM = Claim(
    number=6,
    said_by="sfotiadis",
    declared=__doc__ or "",
    tests=tuple(
        Measure(
            metric,
            f"share of the gap closed by `{name}`",
            closed(name, metric),
            MATTERS,
            "below",
            READS,
            part=part,
        )
        for name, part in (("posterior", "against exact draws of q(z)"), ("gmm", "against a mixture"))
        for metric in QUALITY
    ),
    figure="where",
)
