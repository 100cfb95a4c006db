"""Decoding the moments is not sampling from the decoder.

Means: A sample x ~ p(x|z) differs from the mean of p(x|z) that is usually shown, with the same z: in detail, in
precision, and in its distance from real data.
Reads: `metrics.parquet` of `decoder_noise`: every model scored twice, column decode = mean and sample; strategies
prior and held-out; metrics sharpness, precision and kid.
Effect: The value for draws of x less that for means, on the same model with the same z, of sharpness (as a ratio to
real data) and precision (in points); and the share of the gap of means that draws close in KID. Either sign counts.
Matters: 0.05 of real data's detail, 5 points, and 5 % of the gap, the smallest effect that matters in the whole
study.
Supports: The effects lie outside ± 0.05.
Refutes: They lie within ± 0.05.
"""

from study.claims.base import Claim, Measure
from study.claims.measures import against, apart
from study.statistics import MATTERS

READS = ("decoder_noise",)

CLAIM = Claim(
    number=18,
    said_by="sfotiadis",
    declared=__doc__ or "",
    tests=(
        Measure(
            "sharpness",
            "sharpness of draws of x less that of means",
            apart("sharpness"),
            0.05,
            "apart",
            READS,
            "plain",
        ),
        Measure(
            "precision",
            "precision of draws of x less that of means",
            apart("precision"),
            0.05,
            "apart",
            READS,
            "points",
        ),
        Measure(
            "kid",
            "share of the gap of means that draws of x close",
            against("kid", own={"family": "vae", "decode": "sample"}),
            MATTERS,
            "apart",
            READS,
        ),
    ),
)
