"""The weight only makes the decoder's variance smaller; it does not affect how to sample.

Means: Two pairs of weights with the same s = β/(2α) give the same rate and the same gain of exact draws from q(z)
over the prior; and the gain does not change with α either.
Reads: `metrics.parquet` of `reconstruction_weight`: rate of the model, strategies prior, posterior and held-out,
metric kid, at pairs of weights with equal s and along α at one β; and fd_infinity along α.
Effect: The differences of log rate and of the share of the gap that posterior closes, between pairs with equal s; and
the change of that share from the smallest to the largest α. Either sign counts.
Matters: 5 % of the rate, and 5 % of the gap, the smallest effect that matters in the whole study.
Supports: The effects lie within ± 5 %.
Refutes: They lie outside. If equal s gives equal models and the gain yet changes with α, the claim depends on what is
measured: its first half holds, its second does not.
"""

import numpy as np
import pandas as pd

from study.claims.base import Claim, Measure
from study.claims.measures import change, closed, equal_s, fact
from study.statistics import MATTERS

READS = ("reconstruction_weight",)


def _log_rate(models: pd.DataFrame) -> pd.Series:
    return np.log(models["rate"].where(models["rate"] > 1e-3))  # below a thousandth of a nat: collapsed


CLAIM = Claim(
    number=19,
    said_by="sfotiadis",
    declared=__doc__ or "",
    tests=(
        Measure(
            "rate",
            "log rate at equal s",
            equal_s(fact(_log_rate)),
            0.05,
            "within",
            READS,
            "plain",
            part="equal s, equal model",
        ),
        Measure(
            "kid",
            "share closed by `posterior` at equal s",
            equal_s(closed("posterior", "kid")),
            MATTERS,
            "within",
            READS,
            part="equal s, equal model",
        ),
        *(
            Measure(
                metric,
                "share closed by `posterior` at the largest α less that at the smallest",
                change(closed("posterior", metric), axis="alpha"),
                MATTERS,
                "within",
                READS,
                axis="beta",
                part="same gain at any α",
            )
            for metric in ("kid", "fd_infinity")
        ),
    ),
)
