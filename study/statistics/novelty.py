"""Whether a measure of novelty can tell copies of the training data from new examples, by its controls."""

from typing import Literal

import numpy as np

from study.statistics.estimates import crossed
from study.statistics.gaps import COPIES, FLOOR, NOISE
from study.statistics.scores import Scores

Silence = Literal[
    "",
    "copies were not scored",
    "noise was not scored",
    "copies are not flagged",
    "held-out data are flagged",
    "noise is flagged",
]
NULL = {  # of measures that have one: the value if nothing is copied
    "nearer_to_train": 0.5,
    "nearer_to_train_features": 0.5,
    "closest_record": 0.5,
    "c_t": 0.0,
}


def silence(*, copies: bool | None, held_out: bool, noise: bool | None) -> Silence:
    """Why a measure gives no verdict, or nothing if it can tell.

    Training examples repeated must be flagged as copies: a measure at its ceiling flags nothing. Held-out data and
    noise copy nothing and must not be flagged: on a series that drifts, "nearer to the training data" means earlier.

    Args:
        copies: whether repeated training examples are flagged; None if they were not scored.
        held_out: whether real held-out data are, against the value that the measure has if nothing is copied.
        noise: whether noise is, against held-out data; None if it was not scored.
    """
    if copies is None:
        return "copies were not scored"
    if noise is None:
        return "noise was not scored"
    if not copies:
        return "copies are not flagged"
    if held_out:
        return "held-out data are flagged"
    return "noise is flagged" if noise else ""


def excess(scores: Scores, strategy: str, k: int) -> np.ndarray | None:
    """`[S, E]`: how far a strategy lies from held-out data towards copies at setting k; None if one is not scored."""
    if not {strategy, FLOOR} <= set(scores.strategies):
        return None
    own, real = (scores.values[scores.strategies.index(name), k] for name in (strategy, FLOOR))
    return own - real if scores.better == "lower" else real - own


def controls(scores: Scores, k: int) -> Silence:
    """Why a measure gives no verdict at setting k, from its scores of copies, held-out data and noise."""
    held_out = False
    if scores.metric in NULL and FLOOR in scores.strategies:
        real = scores.values[scores.strategies.index(FLOOR), k] - NULL[scores.metric]
        held_out = _flagged(real if scores.better == "lower" else -real, _error(scores, FLOOR, k))
    copies, noise = (_control(scores, name, k) for name in (COPIES, NOISE))
    return silence(copies=copies, held_out=held_out, noise=noise)


def _control(scores: Scores, name: str, k: int) -> bool | None:
    """Whether a control is flagged against held-out data; None if it was not scored."""
    off = excess(scores, name, k)
    if off is None or np.isnan(off).all():
        return None
    return _flagged(off, float(np.hypot(_error(scores, name, k), _error(scores, FLOOR, k))))


def _flagged(off: np.ndarray, error: float) -> bool:
    """Whether the interval of values `[S, E]`, widened by an error that all trainings share, lies above zero."""
    found = crossed(off)
    reach = float(found.mean - found.ends()[0])
    return bool(found.mean > np.hypot(np.nan_to_num(reach), 2 * error))


def _error(scores: Scores, name: str, k: int) -> float:
    """The standard error over samples of a row of `Scores`, the largest over trainings."""
    return float(np.nanmax(scores.errors[scores.strategies.index(name), k], initial=0.0))
