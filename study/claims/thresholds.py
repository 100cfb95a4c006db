"""Where along an axis an effect crosses what matters, with an interval from seeds resampled jointly."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from study.statistics.across import RESAMPLES
from study.statistics.estimates import LEVEL

# What an effect may depend on: its name, and the columns of a place that it decides.
AXES: Mapping[str, tuple[str, ...]] = {
    "s": ("alpha", "beta", "noise_variance"),
    "alpha": ("alpha", "noise_variance"),
    "beta": ("beta", "noise_variance"),
    "latent_dim": ("latent_dim", "family_settings"),
    "n_train": ("n_train", "family_settings"),
}
SYMBOLS = {"s": "s", "alpha": "α", "beta": "β", "latent_dim": "d", "n_train": "N"}
UNTOLD = 0.05  # share of resamples without a single crossing, above which no threshold is said


class Threshold(NamedTuple):
    """The value of an axis where an effect crosses what matters, with its 95 % interval.

    Attributes:
        axis: its symbol.
        line: the kind of model, if there are several.
        value, low, high: an end is infinite if it lies beyond the settings that were measured; NaN if the effect
            crosses more than once.
        below, above: the verdicts on either side.
    """

    axis: str
    line: str
    value: float
    low: float
    high: float
    below: str
    above: str


def axis_value(place: Mapping[str, Any], axis: str) -> float:
    """The value of an axis at a place; s of a Bernoulli decoder is β/α, since it has no noise variance."""
    if axis != "s":
        return float(place[axis])
    s = float(place["noise_variance"])
    return s if math.isfinite(s) else float(place["beta"]) / float(place["alpha"])


def line_of(place: Mapping[str, Any], axis: str) -> tuple[tuple[str, Any], ...]:
    """The columns of a place that the axis does not decide: places with the same ones lie on one line."""
    return tuple((name, value) for name, value in place.items() if name not in AXES[axis])


def crossing(
    x: Sequence[float], values: Float[np.ndarray, "K S E"], least: float
) -> tuple[float, float, float]:
    """Where the mean of values crosses `least`, with an interval from seeds and evaluations resampled jointly.

    A resampled seed brings its trainings at all settings, which share its luck :cite:`owen2007`. Between settings the
    effect is taken to be linear in log x.

    Args:
        x: K positive values of the axis, in order; the first ones of equal values are averaged.
        values: the effect of each training and evaluation at each of them.
        least: what is crossed.

    Returns:
        The crossing and the ends of its interval. Infinite beyond the settings, NaN if there is no single crossing.
    """
    at, place = np.unique(np.asarray(x, np.float64), return_inverse=True)
    values = np.stack([values[place == k].mean(0) for k in range(len(at))])
    values = values[:, ~np.isnan(values).any((0, 2))]
    k, n, m = values.shape
    if k < 2 or not n:
        return math.nan, math.nan, math.nan
    rng = np.random.default_rng(n)
    seeds, evaluations = rng.integers(0, n, (RESAMPLES, n, 1)), rng.integers(0, m, (RESAMPLES, 1, m))
    curves = values[:, seeds, evaluations].mean((-2, -1)).T - least
    whole = values.mean((1, 2)) - least
    here, *found = _crossings(np.log(at), np.vstack([whole, curves]), rises=bool(whole[-1] > whole[0]))
    if np.isnan(found).mean() > UNTOLD:
        return float(np.exp(here)), math.nan, math.nan
    told = np.array(found)[~np.isnan(found)]
    low, high = np.quantile(told, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
    with np.errstate(over="ignore"):
        return float(np.exp(here)), float(np.exp(low)), float(np.exp(high))


def _crossings(log_x: np.ndarray, curves: np.ndarray, *, rises: bool) -> np.ndarray:
    """For each curve `[R, K]` the log of the only place where it changes sign.

    ± infinity if it does not, NaN if it does several times.
    """
    above = curves > 0
    turns = above[:, 1:] != above[:, :-1]
    i, rows = turns.argmax(1), np.arange(len(curves))
    before, after = curves[rows, i], curves[rows, i + 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        place = log_x[i] + (log_x[i + 1] - log_x[i]) * before / (before - after)
    beyond = np.where(above[:, 0] == rises, -math.inf, math.inf)
    return np.where(turns.sum(1) == 1, place, np.where(turns.any(1), math.nan, beyond))
