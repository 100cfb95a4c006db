"""How much nearer is the nearest training example than the nearest held-out one?"""

import numpy as np
from jaxtyping import Float

from study.metrics.base import Metric, Prepared, Score, no_score
from study.metrics.reference import Reference

_Z = 1.959963984540054  # the normal distribution's 97.5 % quantile
_STEEPEST = np.arctan(1e6)


def nn_ratio(train: Float[np.ndarray, " n"], held_out: Float[np.ndarray, " n"]) -> Score:
    """Median over samples of (distance to the nearest training example) / (distance to the nearest held-out one).

    All training examples are used, since a copy of one that was left out would go unnoticed. As there are more of them
    than held-out examples, real data score below one, and lower in fewer dimensions; their value is the null. A sample
    far from all data has a ratio near one. The standard error is half the width of the distribution-free interval of
    the median :cite:`woodruff1952`, divided by 1.96, for the given data.

    Args:
        train, held_out: **squared** distance of each sample to its nearest training and held-out example.

    Returns:
        The score; without a value if half of the samples equal held-out data.
    """
    n = len(train)
    total = train + held_out
    # The angle of the two distances is monotone in their ratio, finite, and 45° if both are zero.
    angles = np.sort(np.arctan2(np.sqrt(train), np.sqrt(held_out)) + np.pi / 4 * (total == 0))
    middle, reach = (n - 1) / 2, _Z * np.sqrt(n) / 2
    ranks = np.clip([middle, middle - reach, middle + reach], 0, n - 1)
    value, low, high = np.interp(ranks, np.arange(n), angles)
    if value > _STEEPEST:
        return no_score("half of the samples equal held-out examples")
    value, low, high = np.tan(np.minimum([value, low, high], _STEEPEST))
    return Score(value, (high - low) / (2 * _Z))


def _prepare(real: Reference) -> Prepared:
    return Prepared(
        f"{real.sizes[0]} of train vs {real.sizes[1]} held out, {real.view}",
        lambda samples: nn_ratio(*samples.distances_features),
    )


def _prepare_pixels(real: Reference) -> Prepared:
    return Prepared(
        f"{real.sizes[0]} of train vs {real.sizes[1]} held out, {real.values}",
        lambda samples: nn_ratio(*samples.distances),
    )


NN_RATIO = Metric(
    "nn_ratio",
    label="distance ratio",
    summary=(
        "median distance to the nearest training example over that to the nearest held-out one, in features"
    ),
    source="control of this study",
    better="higher",
    meaning=(
        "median of distance to the nearest of all training examples over that to the nearest held-out "
        "one, in features; 0 for copies"
    ),
    group="novelty",
    prepare=_prepare,
    once=True,
)
NN_RATIO_PIXELS = Metric(
    "nn_ratio_pixels",
    label="distance ratio (pixels)",
    summary="median distance to the nearest training example over that to the nearest held-out one, in pixels",
    source="control of this study",
    better="higher",
    meaning=(
        "median of distance to the nearest of all training examples over that to the nearest held-out one, in "
        "pixels; 0 for copies"
    ),
    group="novelty",
    prepare=_prepare_pixels,
    once=True,
    needs="no table",
)
NN_RATIO_COLUMNS = Metric(
    "nn_ratio_columns",
    label="distance ratio (columns)",
    summary="median distance to the nearest training example over that to the nearest held-out one, in columns",
    source="control of this study",
    better="higher",
    meaning=(
        "median of distance to the nearest of all training examples over that to the nearest held-out one, in "
        "columns; 0 for copies"
    ),
    group="novelty",
    prepare=_prepare_pixels,
    once=True,
    needs="table",
)
