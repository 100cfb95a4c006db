"""mean and log_var are a mapping of each example, not two vectors for the data set.

Means: Two fixed vectors, the averages of mean and log_var over the data, are not what examples have: means differ
between examples, and sampling with the two vectors costs quality.
Reads: `metrics.parquet` and `latents.parquet` of `sampling_strategies`: strategies posterior, averaged-moments, prior
and held-out, metrics kid, fd_infinity and coverage; columns mean_variance and variance_mean of all dimensions.
Effect: The share of the variance of z that the means have, Σ Var(mean) / Σ (Var(mean) + E[σ²]), in points: 0 for two
fixed vectors. And a share of the gap in KID, FD∞ and coverage between draws from the prior and real held-out data,
from 0 (as the prior) to 1 (as real data): what posterior closes less what averaged-moments closes.
Matters: 5 % of the variance, and 5 % of the gap, the smallest effect that matters in the whole study.
Supports: The effects lie above 5.
Refutes: They lie below 5: two vectors would do.
"""

import pandas as pd

from study.claims.base import MAIN, QUALITY, Claim, Measure
from study.claims.measures import closed, per_model
from study.statistics import MATTERS


def _explained(rows: pd.DataFrame) -> float:
    means, noise = rows["mean_variance"].sum(), rows["variance_mean"].sum()
    return float(means / (means + noise))


CLAIM = Claim(
    number=9,
    said_by="sfotiadis",
    declared=__doc__ or "",
    tests=(
        Measure(
            "mean_variance",
            "share of the variance of z that the means have",
            per_model("latents", _explained),
            0.05,
            "above",
            MAIN,
            "percent",
        ),
        *(
            Measure(
                metric,
                "share closed by `posterior` less that by `averaged-moments`",
                closed("posterior", metric, minus="averaged-moments"),
                MATTERS,
                "above",
                MAIN,
            )
            for metric in QUALITY
        ),
    ),
    figure="effects",
)
