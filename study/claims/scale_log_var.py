"""z = mean + ε·log_var is a way to sample.

Means: Samples decoded from z = mean + ε·log_var, with mean and log_var of a random training example, are no worse
than samples from the prior, which needs no formula.
Reads: `metrics.parquet` of `sampling_strategies`: strategies literal-logvar, prior and held-out; value by run, seed
and evaluation; metrics kid, fd_infinity and coverage.
Effect: A share of the gap in KID, FD∞ and coverage between draws from the prior and real held-out data, from 0 (as
the prior) to 1 (as real data), that literal-logvar closes.
Matters: −5 % of the gap, the smallest effect that matters in the whole study: a formula that costs more than that is
no way to sample.
Supports: The interval lies above −5 %.
Refutes: The interval lies below −5 %.
"""

from study.claims.base import MAIN, QUALITY, Claim, Measure
from study.claims.measures import closed
from study.statistics import MATTERS

CLAIM = Claim(
    number=1,
    said_by="the question",
    declared=__doc__ or "",
    tests=tuple(
        Measure(
            metric,
            "share of the gap closed by `literal-logvar`",
            closed("literal-logvar", metric),
            -MATTERS,
            "above",
            MAIN,
        )
        for metric in QUALITY
    ),
    figure="effects",
)
