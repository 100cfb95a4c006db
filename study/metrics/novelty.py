"""Novelty: are samples nearer to what the model was trained on than to data that it never saw?"""

import dataclasses

import numpy as np
from scipy import stats

from study.errors import StudyError
from study.metrics.base import Measurement
from study.metrics.registry import measured

_ENTRIES = 4_000_000  # of one block of approximate distances
_PAIRS = 4096  # differences taken at once


@dataclasses.dataclass(frozen=True, eq=False)
class Pools:
    """Two equal-sized sets of real data, `[m, D]` float32 each: one trained on, one held out.

    Raises:
        StudyError: the sizes differ, or there are none.
    """

    train: np.ndarray
    held_out: np.ndarray

    def __post_init__(self) -> None:
        if self.train.shape != self.held_out.shape or not len(self.train):
            raise StudyError(
                f"novelty: the two pools must have one size, got train {list(self.train.shape)} and held-out "
                f"{list(self.held_out.shape)}; the larger pool would be nearer for its size alone"
            )


def nearest_squared(x: np.ndarray, pool: np.ndarray) -> np.ndarray:
    """Squared Euclidean distance from each row of x `[n, D]` to the nearest of pool `[m, D]`, float64 `[n]`.

    Matrix products in float32 choose the candidates: all whose distance is within the products' rounding
    bound of the smallest. Their distances are then taken by differences in float64, so that the result is
    that of the plain double loop, and a duplicate is at exactly zero.
    """
    centre = pool.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = pool - centre
    norms = np.einsum("md,md->m", centred, centred)
    rounding = (pool.shape[1] + 8) * np.finfo(np.float32).eps
    largest = np.sqrt(norms.max(), dtype=np.float64)
    result = np.empty(len(x))
    size = max(1, _ENTRIES // len(pool))
    for start in range(0, len(x), size):
        block = x[start : start + size] - centre
        lengths = np.sqrt(np.einsum("nd,nd->n", block, block, dtype=np.float64))
        approximate = norms - 2 * block @ centred.T  # less |x|², the same for the whole row
        bound = 2 * rounding * largest * (2 * lengths + largest)
        limit = approximate.min(axis=1) + bound
        rows, columns = np.nonzero(approximate <= limit[:, None].astype(np.float32))
        distances = _squared_differences(x[start : start + size], pool, rows, columns)
        firsts = np.flatnonzero(np.diff(rows, prepend=-1))
        result[start : start + size] = np.minimum.reduceat(distances, firsts)
    return result


def _squared_differences(x: np.ndarray, y: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """|x[rows] - y[columns]|² in float64, `[pairs]`."""
    out = np.empty(len(rows))
    for start in range(0, len(rows), _PAIRS):
        pairs = slice(start, start + _PAIRS)
        difference = x[rows[pairs]].astype(np.float64) - y[columns[pairs]]
        out[pairs] = (difference * difference).sum(axis=1)
    return out


def nearer_to_train(x: np.ndarray, pools: Pools, *, reference: str) -> Measurement:
    """Share of samples x `[n, D]` nearer to the training pool than to the held-out pool; ties count a half.

    A half on average where samples have no more to do with the training data than with held-out data, one
    for copies of the training pool; compares the same two distances as :cite:`meehan2020`.

    The standard error is binomial and `exact_interval` gives the interval, both for the given pools. The
    share that these pools would give with endless samples is itself not exactly a half (for 300 digits on
    each side its standard deviation is 0.02), so judge a strategy by its difference from held-out data.
    Samples far from all data have few distinct neighbours; their share says nothing of copying.
    """
    train, held_out = nearest_squared(x, pools.train), nearest_squared(x, pools.held_out)
    value = (np.count_nonzero(train < held_out) + 0.5 * np.count_nonzero(train == held_out)) / len(x)
    stderr = np.sqrt(value * (1 - value) / len(x))
    return measured("nearer_to_train", value, stderr, n=len(x), reference=reference)


def exact_interval(share: float, *, n: int, level: float = 0.95) -> tuple[float, float]:
    """Clopper-Pearson interval of a share of n trials, :cite:`clopper1934`.

    Half counts, from ties, widen the interval: the lower end takes the count below, the upper the one above.

    Raises:
        StudyError: share is not in [0, 1], level not in (0, 1), or n not positive.
    """
    if not (0 <= share <= 1 and 0 < level < 1 and n > 0):
        raise StudyError(
            f"exact_interval: needs share in [0, 1], level in (0, 1) and n > 0, got {share}, {level}, {n}"
        )
    count = np.round(2 * share * n) / 2  # undo the rounding of the division
    below, above, tail = np.floor(count), np.ceil(count), (1 - level) / 2
    low = 0.0 if below == 0 else float(stats.beta.ppf(tail, below, n - below + 1))
    high = 1.0 if above == n else float(stats.beta.ppf(1 - tail, above + 1, n - above))
    return low, high
