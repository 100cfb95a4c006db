"""The effect: the share of the gap between the prior and real data that a strategy closes, setting by setting."""

import dataclasses
from typing import Literal

import numpy as np

from study.statistics.estimates import LEVEL, Means, means
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
        shares: `[A, K, S]`, contributions of each training: their mean over seeds is the share of the gap closed.
        gap: `[K]`, the mean gap between prior and held-out data, in units of the metric.
    """

    states: tuple[State, ...]
    shares: np.ndarray
    gap: np.ndarray

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

    The share is a ratio of means over seeds. Its spread is that of the linearised ratio: a training contributes
    E + (a − E·b) / mean(b), with a and b the two differences of that training. Luck that scales all scores of a model
    alike cancels there. Seeds that lack the strategy, the prior or the floor are left out.
    """
    prior, floor = scores.cost(BASELINE), scores.cost(FLOOR)
    shares = share_of_gap(scores.costs, prior, floor)
    states = tuple(_state(scores, k) for k in range(len(scores.settings)))
    return Gaps(states, shares, means(prior - floor).mean)


def share_of_gap(own: np.ndarray, prior: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Contributions `[..., S]` of each training to the share of the gap; NaN where one of the costs is missing."""
    closed, gap = np.broadcast_arrays(prior - own, prior - floor)
    gap = np.where(np.isnan(closed), np.nan, gap)
    wide = means(gap).mean[..., None]
    effect = means(closed).mean[..., None] / wide
    return effect + (closed - effect * gap) / wide


def _state(scores: Scores, k: int) -> State:
    """Whether a metric can show an effect at a setting: there must be a gap, and it must know real data."""
    cost = {name: scores.cost(name)[k] for name in scores.strategies}
    if BASELINE not in cost or FLOOR not in cost or np.isnan(cost[FLOOR] - cost[BASELINE]).all():
        return "no floor"
    real = scores.errors[scores.strategies.index(FLOOR), k]
    noise = (
        float(np.nanmax(real)) if np.isfinite(real).any() else 0.0
    )  # shared by all trainings: not averaged out
    if {RECONSTRUCTION, NOISE} <= set(cost) and not _less(cost[RECONSTRUCTION], cost[NOISE], 0.0):
        return "no decoder to speak of"
    if not _less(cost[FLOOR], cost[BASELINE], noise):
        return "nothing to gain"
    if COPIES in cost and not np.nanmean(cost[COPIES]) < np.nanmean(cost[BASELINE]):
        return "cannot tell"
    rivals = [name for name in cost if name not in REFERENCES]
    if any(_less(cost[name], cost[FLOOR], noise, tests=len(rivals)) for name in rivals):
        return "cannot tell"
    return "ok"


def _less(one: np.ndarray, other: np.ndarray, noise: float, tests: int = 1) -> bool:
    """Whether costs `[S]` are less than others: by an interval, widened by an error that all trainings share."""
    found: Means = means(one - other)
    if np.isnan(found.error):  # too few trainings, or no spread: by the means alone, and the shared error
        return bool(found.mean < -2 * noise)
    reach = found.ends(1 - (1 - LEVEL) / tests)[1] - found.mean
    return bool(found.mean + np.hypot(reach, 2 * noise) < 0)
