"""Distance to the closest record, with a control: are samples closer to train than rows that were held out?"""

import numpy as np
from jaxtyping import Float

from study.latents.placements import placements
from study.metrics.base import Metric, Prepared, Score
from study.metrics.reference import HALF, Reference
from study.metrics.shares import share_stderr


def closest_record(samples: Float[np.ndarray, " n"], held_out: Float[np.ndarray, " m"]) -> Score:
    """Probability that a sample is closer to train than a held-out row is; ties count a half.

    Both distances are to the nearest of all training rows, so new rows of the same distribution score ½ on average
    whatever the numbers of samples, held-out and training rows and whatever their order, and copies score 1 (less half
    the share of held-out rows that equal a training row). The share of samples closer to train than to held-out rows,
    in contrast, depends on how many rows are held out, and the distance between rows at the same place of two
    files on their order. Values below ½ are samples farther from the data than real rows.

    The standard error covers samples and held-out rows, for given training rows :cite:`delong1988`.

    Args:
        samples, held_out: distance to the nearest training row, squared or not.
    """
    n, m = len(samples), len(held_out)
    farther, closer = 1 - placements(samples, held_out), placements(held_out, samples)
    value = float(farther.mean())
    variance = farther.var(ddof=1) / n + closer.var(ddof=1) / m
    return Score(value, float(np.sqrt(variance)) or share_stderr(value, min(n, m)))


def _prepare(real: Reference) -> Prepared:
    control = real.near[0].nearest(real.data.reference)[0]
    return Prepared(
        f"{HALF}, {real.sizes[1]} rows, both by the nearest of {real.sizes[0]} of train, null 0.5",
        lambda samples: closest_record(samples.nearest_train[0], control),
    )


CLOSEST_RECORD = Metric(
    "closest_record",
    label="closest record",
    summary="tables: probability that a sample is closer to train than a held-out row is; null 0.5",
    source="Meehan et al. 2020",
    better="lower",
    meaning=(
        "distance to the closest record: probability that a sample is closer to the training rows than a held-out row "
        "is; ½ for new rows, 1 for copies; values below ½ are not better"
    ),
    unit="share",
    group="novelty",
    prepare=_prepare,
    needs="table",
    once=True,
)
