"""N(0, I) omits some regions of the latent space and oversamples others.

Means: Of q(z), where the codes of the data lie, N(0, I) leaves a part out; and it puts draws where there are no
codes. In samples the first costs recall, the second precision.
Reads: `metrics.parquet` of `sampling_strategies`, else of `gap_ladder`: rows of the model, metrics hole_mass and
hole_mass_converse; strategies prior, posterior and held-out, metrics recall and precision.
Effect: The share of prior draws where log q(z) is below its 1 % quantile over held-out codes, and the share of q(z)
outside the ball that holds 99 % of N(0, I), each less the 1 % expected of equal distributions, in points. And the
shares of the gap in recall and in precision that exact draws from q(z) close.
Matters: 5 points of the draws, and 5 % of the gap, the smallest effect that matters in the whole study.
Supports: The effects lie above 5: at least two of them, and none below.
Refutes: The effects lie below 5. If regions are oversampled and none is omitted, the claim depends on what is
measured.
"""

from collections.abc import Callable

import pandas as pd

from study.claims.base import MAIN, Claim, Measure
from study.claims.measures import closed, fact
from study.statistics import MATTERS

READS = (*MAIN, "gap_ladder")


def _beyond(name: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda models: models[name] - 0.01


CLAIM = Claim(
    number=4,
    said_by="Reeves",
    declared=__doc__ or "",
    tests=(
        Measure(
            "hole_mass",
            "prior draws where there are no codes, less 1 %",
            fact(_beyond("hole_mass")),
            0.05,
            "above",
            READS,
            "points",
            part="oversamples",
        ),
        Measure(
            "hole_mass_converse",
            "codes outside 99 % of the prior, less 1 %",
            fact(_beyond("hole_mass_converse")),
            0.05,
            "above",
            READS,
            "points",
            part="omits",
        ),
        *(
            Measure(
                metric,
                f"share of the gap in {metric} closed by `posterior`",
                closed("posterior", metric),
                MATTERS,
                "above",
                READS,
                part=part,
            )
            for metric, part in (("recall", "omits"), ("precision", "oversamples"))
        ),
    ),
    figure="mismatch",
)
