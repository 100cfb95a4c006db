"""The effect: the share of the gap between the prior and real data that a strategy closes, setting by setting."""

import dataclasses
from collections.abc import Sequence
from typing import Literal

import numpy as np

from study.statistics.estimates import LEVEL, complete, crossed
from study.statistics.replicates import BASELINE
from study.statistics.scores import Scores
from study.tables.names import REFERENCES

State = Literal["ok", "nothing to gain", "no decoder to speak of", "cannot tell", "no floor"]
FLOOR, COPIES, RECONSTRUCTION, NOISE = "held-out", "copycat", "reconstruction", "noise"
PRIMARY = ("kid", "fd")  # the first of these that was measured decides which settings count for every metric


@dataclasses.dataclass(frozen=True, eq=False)
class Gaps:
    """Shares of the gap closed, for one metric and kind of model.

    Attributes:
        states: for each of the K settings, whether the metric can show an effect there, and why not.
        shares: `[A, K, S, E]`, contributions of each training under each evaluation: their mean is the share of the gap
            closed; NaN unless the state is "ok".
    """

    states: tuple[State, ...]
    shares: np.ndarray

    @property
    def whole(self) -> np.ndarray:
        """`[A, S, E]`: contributions averaged over the settings that count; NaN where a seed lacks one of them."""
        return self.over(counted(self.states))

    def over(self, settings: Sequence[int]) -> np.ndarray:
        """The same over the settings with these numbers; NaN where the metric can show no effect."""
        return self.shares[:, list(settings)].mean(1)


@np.errstate(invalid="ignore", over="ignore", divide="ignore")
def gaps(scores: Scores) -> Gaps:
    """Every strategy's share of the gap at every setting, (prior − strategy) / (prior − held-out) in costs.

    The share is a ratio of means over seeds and evaluations, in which luck that scales all scores of a model, or all
    scores by an extractor, alike cancels. Seeds that lack the strategy, the prior or the floor are left out.
    """
    prior, floor = scores.cost(BASELINE), scores.cost(FLOOR)
    states = tuple(_state(scores, k) for k in range(len(scores.settings)))
    told = np.array([state == "ok" for state in states])
    shares = np.where(told[:, None, None], share_of_gap(scores.costs, prior, floor), np.nan)
    return Gaps(states, shares)


def counted(states: Sequence[State], within: Sequence[bool] | None = None) -> list[int]:
    """Numbers of the settings that enter averages: those where the metric can show an effect, or all if it can nowhere.

    Args:
        states: of each setting, see `Gaps`.
        within: of each setting whether it counts by the primary metric. Where the decoder is no better than noise, no
            other metric and no measure of novelty is averaged either: one collapsed model would rule the mean.
    """
    every = range(len(states))
    allowed = [k for k in every if within is None or within[k]] or list(every)
    return [k for k in allowed if states[k] == "ok"] or allowed


@np.errstate(invalid="ignore", over="ignore", divide="ignore")
def share_of_gap(own: np.ndarray, prior: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Contributions `[..., S, E]` of each training and evaluation to the share of the gap; NaN where a cost is missing.

    Their mean is the ratio of means. Their means over evaluations are the jackknife's pseudo-values of trainings
    :cite:`efron1981`, and those over trainings the ones of evaluations: a training contributes what the share loses
    without it, n − 1 times. This covers better than the linearised ratio, whose residuals are too small where one lucky
    training has much of the gap.
    """
    closed, gap = np.broadcast_arrays(prior - own, prior - floor)
    missing = ~complete(~np.isnan(closed + gap))
    closed, gap = np.where(missing, 0, closed), np.where(missing, 0, gap)
    whole = closed.sum((-2, -1), keepdims=True) / gap.sum((-2, -1), keepdims=True)
    total = whole + _lost(closed, gap, missing, axis=-1) + _lost(closed, gap, missing, axis=-2)
    return np.where(missing, np.nan, total)


def _lost(closed: np.ndarray, gap: np.ndarray, missing: np.ndarray, *, axis: int) -> np.ndarray:
    """What the ratio of sums loses without each level of a factor, centred, n − 1 times; zero if there is one only.

    Args:
        closed, gap, missing: `[..., S, E]`.
        axis: that of the other factor.
    """
    there = ~missing.all(axis, keepdims=True)
    closed, gap = closed.sum(axis, keepdims=True), gap.sum(axis, keepdims=True)
    other = -3 - axis
    n = there.sum(other, keepdims=True)
    whole, wide = closed.sum(other, keepdims=True), gap.sum(other, keepdims=True)
    lost = np.where(there & (n > 1), whole / wide - (whole - closed) / (wide - gap), 0)
    return (n - 1) * (lost - lost.sum(other, keepdims=True) / n)


def _state(scores: Scores, k: int) -> State:
    """Whether a metric can show an effect at a setting: there must be a gap, and it must know real data."""
    every = {name: scores.cost(name)[k] for name in scores.strategies}
    cost = {name: values for name, values in every.items() if not np.isnan(values).all()}
    if BASELINE not in cost or FLOOR not in cost or np.isnan(cost[FLOOR] - cost[BASELINE]).all():
        return "no floor"
    real = scores.errors[scores.strategies.index(FLOOR), k]
    noise = float(np.nanmax(real, initial=0.0))  # all trainings share it: it does not average out
    if {RECONSTRUCTION, NOISE} <= set(cost) and not _less(cost[RECONSTRUCTION], cost[NOISE], 0.0):
        return "no decoder to speak of"
    if not _less(cost[FLOOR], cost[BASELINE], noise):
        return "nothing to gain"
    if COPIES in cost and not crossed(cost[COPIES] - cost[BASELINE]).mean < 0:
        return "cannot tell"
    rivals = np.array([values for name, values in cost.items() if name not in REFERENCES])
    if _less(rivals, cost[FLOOR], noise, tests=len(rivals)).any():
        return "cannot tell"
    return "ok"


def _less(one: np.ndarray, other: np.ndarray, noise: float, tests: int = 1) -> np.ndarray:
    """Whether costs `[..., S, E]` are less than others: by an interval, widened by an error that all scores share.

    With too few trainings, or no spread, by the means alone and the shared error.
    """
    found = crossed(one - other)
    reach = found.ends(1 - (1 - LEVEL) / tests)[1] - found.mean
    wide = np.where(np.isnan(reach), 2 * noise, np.hypot(reach, 2 * noise))
    return np.asarray(found.mean + wide < 0)
