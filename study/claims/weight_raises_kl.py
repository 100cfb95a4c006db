"""A larger weight of the reconstruction raises the KL.

Means: At one β, the KL term of the loss (the rate) and the distance of the latents' marginals from N(0, 1) are larger
at the largest α than at the smallest.
Reads: `metrics.parquet` and `latents.parquet` of `reconstruction_weight`, else of `sampling_strategies`: rate of the
model; column marginal_kl, summed over dimensions; configurations that differ in α alone.
Effect: The change from the smallest to the largest α, in nats per tenfold α.
Matters: 0.1 nats per tenfold α; the exact optimum of a linear model gains 1.15 with each of its active dimensions.
Supports: The effects lie above 0.1 nats.
Refutes: They lie below 0.1 nats.
"""

import pandas as pd

from study.claims.base import Claim, Measure
from study.claims.measures import change, decades, fact, per_model

READS = ("reconstruction_weight", "sampling_strategies")


def _marginal(rows: pd.DataFrame) -> float:
    return float(rows["marginal_kl"].sum())


CLAIM = Claim(
    number=12,
    said_by="Arun",
    declared=__doc__ or "",
    tests=(
        Measure(
            "rate",
            "rise of the rate per tenfold α",
            change(fact("rate"), axis="alpha", per=decades),
            0.1,
            "above",
            READS,
            "nats",
            axis="beta",
        ),
        Measure(
            "marginal_kl",
            "rise of Σ KL(q(zⱼ)‖N(0, 1)) per tenfold α",
            change(per_model("latents", _marginal), axis="alpha", per=decades),
            0.1,
            "above",
            READS,
            "nats",
            axis="beta",
        ),
    ),
)
