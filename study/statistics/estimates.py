"""Means over training seeds with Student's intervals, many at once.

The unit is the training seed: fits of a strategy and draws from it are averaged within a training first, and so are the
settings of a grid, which share the luck of a seed. Values without any spread get no interval: that five trainings agree
to the last digit does not make a sixth certain.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr, stdtrit

LEVEL = 0.95
FEWEST = 3  # training seeds of an interval
_SPREAD = 1e-6  # of the largest value: what float32 arithmetic alone may leave


class Means(NamedTuple):
    """Means `[...]` over seeds, their standard errors, degrees of freedom, and two-sided p-values of a mean of zero.

    Error and p are NaN with fewer than three seeds and without spread.
    """

    mean: np.ndarray
    error: np.ndarray
    freedom: np.ndarray
    p: np.ndarray

    def ends(self, level: float | np.ndarray = LEVEL) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of Student's intervals at a level, one for all or one for each."""
        reach = stdtrit(self.freedom, (1 + np.asarray(level)) / 2) * self.error
        return np.asarray(self.mean - reach), np.asarray(self.mean + reach)


@np.errstate(invalid="ignore", over="ignore", divide="ignore")  # a mean of infinities of both signs is NaN
def means(values: np.ndarray) -> Means:
    """Means over the last axis of `[..., S]`, where NaN marks a seed that is missing."""
    values = np.asarray(values, np.float64)
    present = ~np.isnan(values)
    n = present.sum(-1)
    mean = np.where(present, values, 0).sum(-1) / np.where(n > 0, n, math.nan)
    squares = np.where(present, np.square(values - mean[..., None]), 0).sum(-1)
    spread = np.sqrt(squares / (n - 1.0))
    size = np.where(present, np.abs(values), 0).max(-1, initial=0)
    known = (n >= FEWEST) & np.isfinite(spread) & (spread > _SPREAD * size)
    error = np.where(known, spread / np.sqrt(n), math.nan)
    freedom = np.where(known, n - 1.0, math.nan)
    p = 2 * stdtr(freedom, -np.abs(mean) / error)
    return Means(*map(np.asarray, (mean, error, freedom, p)))


def interval(
    values: np.ndarray, *, level: float = LEVEL, within: tuple[float, float] | None = None
) -> tuple[float, float, float]:
    """Mean and interval (low, high) of values `[n]`, one for each training seed; NaN ends where there is no interval.

    Args:
        values: the values.
        level: how often the interval covers the true mean, if the values are normal.
        within: the range of a quantity that has one. The interval is then Student's on the logit scale, centred at the
            mean, and cannot leave the range.
    """
    found = means(np.asarray(values, np.float64))
    mean = float(found.mean)
    if within is None or math.isnan(found.error):
        ends = found.ends(level)
        return mean, float(ends[0]), float(ends[1])
    start, width = within[0], within[1] - within[0]
    share = (mean - start) / width
    if not 0 < share < 1:
        return mean, math.nan, math.nan
    error = float(found.error) / width / (share * (1 - share))
    reach = float(stdtrit(found.freedom, (1 + level) / 2)) * error
    centre = math.log(share / (1 - share))
    low, high = (
        start + width / (1 + math.exp(-np.clip(centre + side * reach, -700, 700))) for side in (-1, 1)
    )
    return mean, low, high
