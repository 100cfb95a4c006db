"""In z = mean + ε·scale, the scale should be σ = exp(½ log_var).

Means: Around the mean of a random training example, noise of scale σ gives better samples than noise of scale
log_var.
Reads: `metrics.parquet` of `sampling_strategies`: strategies posterior (scale σ), literal-logvar (scale log_var),
prior and held-out; metrics kid, fd_infinity and coverage.
Effect: A share of the gap in KID, FD∞ and coverage between draws from the prior and real held-out data, from 0 (as
the prior) to 1 (as real data): what posterior closes less what literal-logvar closes, on the same models.
Matters: 5 % of the gap, the smallest effect that matters in the whole study.
Supports: The interval lies above 5 %: σ is better.
Refutes: The interval lies below 5 %: log_var is as good or better.
"""

from study.claims.base import MAIN, QUALITY, Claim, Measure
from study.claims.measures import closed
from study.statistics import MATTERS

CLAIM = Claim(
    number=2,
    said_by="Reeves",
    declared=__doc__ or "",
    tests=tuple(
        Measure(
            metric,
            "share closed by `posterior` less that by `literal-logvar`",
            closed("posterior", metric, minus="literal-logvar"),
            MATTERS,
            "above",
            MAIN,
        )
        for metric in QUALITY
    ),
    figure="effects",
)
