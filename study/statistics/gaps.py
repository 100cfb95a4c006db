"""The effect: the share of the gap between the prior and real data that a strategy closes, setting by setting."""

import dataclasses
from typing import Literal

import numpy as np

from study.statistics.estimates import LEVEL, means
from study.statistics.replicates import BASELINE
from study.statistics.scores import Scores
from study.tables.names import REFERENCES

State = Literal["ok", "nothing to gain", "no decoder to speak of", "cannot tell", "no floor"]
FLOOR, COPIES, RECONSTRUCTION, NOISE = "held-out", "copycat", "reconstruction", "noise"


@dataclasses.dataclass(frozen=True, eq=False)
class Gaps:
    """Shares of the gap closed, for one metric and kind of model.

    Attributes:
        states: for each of the K settings, whether the metric can show an effect there, and why not.
        shares: `[A, K, S]`, contributions of each training: their mean over seeds is the share of the gap closed; NaN
            unless the state is "ok".
    """

    states: tuple[State, ...]
    shares: np.ndarray

    @property
    def whole(self) -> np.ndarray:
        """`[A, S]`: contributions averaged over the settings with state "ok"; NaN where a seed lacks one of them."""
        kept = [k for k, state in enumerate(self.states) if state == "ok"]
        if not kept:
            return np.full((len(self.shares), self.shares.shape[2]), np.nan)
        return self.shares[:, kept].mean(1)


@np.errstate(invalid="ignore", over="ignore", divide="ignore")
def gaps(scores: Scores) -> Gaps:
    """Every strategy's share of the gap at every setting, (prior − strategy) / (prior − held-out) in costs.

    The share is a ratio of means over seeds, in which luck that scales all scores of a model alike cancels. Seeds that
    lack the strategy, the prior or the floor are left out.
    """
    prior, floor = scores.cost(BASELINE), scores.cost(FLOOR)
    states = tuple(_state(scores, k) for k in range(len(scores.settings)))
    told = np.array([state == "ok" for state in states])
    shares = np.where(told[:, None], share_of_gap(scores.costs, prior, floor), np.nan)
    return Gaps(states, shares)


@np.errstate(invalid="ignore", over="ignore", divide="ignore")
def share_of_gap(own: np.ndarray, prior: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Contributions `[..., S]` of each training to the share of the gap; NaN where one of the costs is missing.

    Their mean is the ratio of means, and their spread that of the jackknife :cite:`efron1981`: a training contributes
    what the share loses without it, n − 1 times. This covers better than the linearised ratio, whose residuals are too
    small where one lucky training has much of the gap.
    """
    closed, gap = np.broadcast_arrays(prior - own, prior - floor)
    missing = np.isnan(closed + gap)
    closed, gap = np.where(missing, 0, closed), np.where(missing, 0, gap)
    n = (~missing).sum(-1, keepdims=True)
    whole, wide = closed.sum(-1, keepdims=True), gap.sum(-1, keepdims=True)
    share = whole / wide
    lost = np.where(n > 1, share - (whole - closed) / (wide - gap), 0)
    centre = np.where(missing, 0, lost).sum(-1, keepdims=True) / n
    return np.where(missing, np.nan, share + (n - 1) * (lost - centre))


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
    if COPIES in cost and not means(cost[COPIES] - cost[BASELINE]).mean < 0:
        return "cannot tell"
    rivals = np.array([values for name, values in cost.items() if name not in REFERENCES])
    if _less(rivals, cost[FLOOR], noise, tests=len(rivals)).any():
        return "cannot tell"
    return "ok"


def _less(one: np.ndarray, other: np.ndarray, noise: float, tests: int = 1) -> np.ndarray:
    """Whether costs `[..., S]` are less than others: by an interval, widened by an error that all trainings share.

    With too few trainings, or no spread, by the means alone and the shared error.
    """
    found = means(one - other)
    reach = found.ends(1 - (1 - LEVEL) / tests)[1] - found.mean
    wide = np.where(np.isnan(reach), 2 * noise, np.hypot(reach, 2 * noise))
    return np.asarray(found.mean + wide < 0)
