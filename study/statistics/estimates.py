"""Means over training seeds, and over evaluations of each training, with Student's intervals, many at once.

Trainings are one factor of a crossed design, evaluations the other: all trainings are scored by the same few feature
extractors against the same random halves of test, whose luck they share. Fits of a strategy and draws from it are
averaged within a training first, and so are the settings of a grid, which share the luck of a seed. Values without any
spread get no interval: that five trainings agree to the last digit does not make a sixth certain.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import expit, logit, stdtr, stdtrit

LEVEL = 0.95
FEWEST = 3  # training seeds of an interval
_SPREAD = 1e-6  # of the largest value: what float32 arithmetic alone may leave
_LEAST, _STEPS = -700.0, 50  # log of the smallest p, and steps of the bisection that finds it


class Means(NamedTuple):
    """Means `[...]` over seeds and evaluations, with two-sided p-values of a mean of zero.

    Attributes:
        mean: the means.
        error: their standard errors; NaN with fewer than three seeds and without spread.
        freedom: Satterthwaite's degrees of freedom of `error` :cite:`satterthwaite1946`; NaN where `error` is.
        p: NaN where `error` is.
        seeds: how many seeds there are.
        evaluations: how many evaluations there are.
        shared: the part of `error` that evaluations cause, which more seeds leave as it is.
    """

    mean: np.ndarray
    error: np.ndarray
    freedom: np.ndarray
    p: np.ndarray
    seeds: np.ndarray
    evaluations: np.ndarray
    shared: np.ndarray

    @np.errstate(invalid="ignore", divide="ignore")
    def ends(
        self, level: float | np.ndarray = LEVEL, *, within: tuple[float, float] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of the intervals at a level, one for all or one for each.

        Args:
            level: how often an interval covers the true mean, if the values are normal.
            within: the range of a quantity that has one. The interval is then Student's on the logit scale, centred at
                the mean, and cannot leave the range; NaN where the mean lies at an end of it or beyond.
        """
        reach = self.reach(1 - level)
        if within is None:
            return np.asarray(self.mean - reach), np.asarray(self.mean + reach)
        start, width = within[0], within[1] - within[0]
        share = (self.mean - start) / width
        share = np.where((share > 0) & (share < 1), share, math.nan)
        centre, reach = logit(share), reach / width / (share * (1 - share))
        low, high = (start + width * expit(centre + side * reach) for side in (-1, 1))
        return np.asarray(low), np.asarray(high)

    def reach(self, p: float | np.ndarray) -> np.ndarray:
        """The absolute mean that has a two-sided p-value: half the width of the interval at level 1 − p.

        The root of the sum of squares of Student's reaches of both factors, each with its own degrees of freedom
        :cite:`banerjee1960`. It covers at the level or more, whatever the two variances are. Intervals with
        Satterthwaite's degrees of freedom are narrower, but miss up to 13 times too often at corrected levels.
        """
        p = np.asarray(p, np.float64)
        own = np.sqrt(np.maximum(self.error**2 - self.shared**2, 0))
        parts = [own * stdtrit(self.seeds - 1.0, p / 2)]
        if (self.evaluations > 1).any():
            shared = self.shared * stdtrit(np.maximum(self.evaluations - 1.0, 1), p / 2)
            parts.append(np.where(self.evaluations > 1, shared, 0))
        return np.asarray(np.sqrt(sum(part**2 for part in parts)))


def means(values: np.ndarray) -> Means:
    """Means over the last axis of `[..., S]`, where NaN marks a seed that is missing."""
    return crossed(np.asarray(values, np.float64)[..., None])


@np.errstate(invalid="ignore", over="ignore", divide="ignore")  # a mean of infinities of both signs is NaN
def crossed(values: np.ndarray) -> Means:
    """Means over the last two axes of `[..., S, E]`, seeds and evaluations, for other seeds and other evaluations.

    A seed that lacks an evaluation which another has, marked by NaN, is missing. The squared error is the sum of those
    of both factors, (MS_seeds + MS_evaluations) / (S E). It counts their interaction twice, which is too careful where
    there is nothing else, and needs no difference of mean squares, which can be negative :cite:`searle1992`.
    """
    values = np.asarray(values, np.float64)
    there = complete(~np.isnan(values))
    seeds, evaluations = np.asarray(there.any(-1)), np.asarray(there.any(-2))
    n, m = seeds.sum(-1), evaluations.sum(-1)
    values = np.where(there, values, 0)
    mean = values.sum((-2, -1)) / np.where(n > 0, n * m, math.nan)
    by_seed, by_evaluation = values.sum(-1) / m[..., None], values.sum(-2) / n[..., None]
    between = _mean_square(by_seed - mean[..., None], seeds) / n
    shared = np.where(m > 1, _mean_square(by_evaluation - mean[..., None], evaluations) / m, 0)
    error = np.sqrt(between + shared)
    size = np.abs(values).max((-2, -1), initial=0)
    told = (n >= FEWEST) & np.isfinite(error) & (error * np.sqrt(n * m) > _SPREAD * size)
    freedom = (between + shared) ** 2 / (between**2 / (n - 1) + np.where(m > 1, shared**2 / (m - 1), 0))
    error, freedom = (np.where(told, of, math.nan) for of in (error, freedom))
    shared = np.where(told, np.sqrt(shared), math.nan)
    found = Means(*map(np.asarray, (mean, error, freedom, np.full(error.shape, math.nan), n, m, shared)))
    return found._replace(p=_p_values(found))


@np.errstate(invalid="ignore", over="ignore", divide="ignore")
def _p_values(found: Means) -> np.ndarray:
    """Two-sided p-values of a mean of zero: Student's for one factor, for two those at which `reach` is the mean."""
    one = found.shared == 0
    p = np.where(one, 2 * stdtr(found.seeds - 1.0, -np.abs(found.mean) / found.error), math.nan)
    both = ~one & np.isfinite(found.error) & np.isfinite(found.mean)
    if not both.any():
        return np.asarray(p)
    part = Means(*(field[both] for field in found))
    low, high = np.full(part.mean.shape, _LEAST), np.zeros(part.mean.shape)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        beyond = part.reach(np.exp(middle)) > np.abs(part.mean)  # then p is larger
        low, high = np.where(beyond, middle, low), np.where(beyond, high, middle)
    p[both] = np.exp((low + high) / 2)
    return np.asarray(p)


def complete(known: np.ndarray) -> np.ndarray:
    """Which entries `[..., S, E]` count: those of the seeds that lack no evaluation that another seed has."""
    used = known.any(-2, keepdims=True)
    return known & (known | ~used).all(-1, keepdims=True)


def _mean_square(deviations: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Of deviations `[..., k]` from a mean, of those that are there: their sum of squares over their number − 1."""
    return np.asarray(np.where(there, np.square(deviations), 0).sum(-1) / (there.sum(-1) - 1.0))


def interval(
    values: np.ndarray, *, level: float = LEVEL, within: tuple[float, float] | None = None
) -> tuple[float, float, float]:
    """Mean and interval (low, high) of values `[S]` or `[S, E]`; NaN ends where there is no interval.

    Args:
        values: the values.
        level: how often the interval covers the true mean, if the values are normal.
        within: the range of a quantity that has one, which the interval cannot leave (`Means.ends`).
    """
    values = np.asarray(values, np.float64)
    found = crossed(values) if values.ndim > 1 else means(values)
    low, high = found.ends(level, within=within)
    return float(found.mean), float(low), float(high)
