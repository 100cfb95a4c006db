"""There are three ways to generate: mean + ε·σ of an example, mean + log_var of an example, and N(0, I).

Means: The first two ways give samples that are no worse than the third, on images and on series.
Reads: `metrics.parquet` of `sampling_strategies`, and of `sequences` for series: strategies posterior (way 1),
mean-plus-logvar (way 2), prior (way 3) and held-out; metrics kid and fd_infinity, and of series marginal_w1 and
autocorrelation.
Effect: A share of the gap between way 3 and real held-out data, that way 1 and that way 2 close.
Matters: −5 % of the gap, the smallest effect that matters in the whole study.
Supports: The effects lie above −5 %.
Refutes: They lie below −5 %. If one way does and the other does not, the claim depends on what is measured, that is
on the way.
"""

from study.claims.base import IMAGES, MAIN, SERIES, Claim, Measure
from study.claims.measures import closed
from study.statistics import MATTERS

CLAIM = Claim(
    number=24,
    said_by="Arun",
    declared=__doc__ or "",
    tests=tuple(
        Measure(
            metric,
            f"share of the gap closed by `{name}`",
            closed(name, metric),
            -MATTERS,
            "above",
            (*MAIN, "sequences"),
            part=part,
        )
        for name, part in (("posterior", "mean + ε·σ"), ("mean-plus-logvar", "mean + log_var"))
        for metric in ("kid", "fd_infinity", "marginal_w1", "autocorrelation")
    ),
    figure="effects",
    datasets=(*IMAGES, *SERIES),
)
