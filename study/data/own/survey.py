"""One pass over data on disk, in blocks: what their fingerprint, layout and scaling are decided by.

The decisions themselves are made by the code that makes them in memory. It is given, for each split, a few rows that
stand for all of them: with the same smallest and largest value in each column, with a value that is not whole if there
is one, and with three different values if there are so many. Only means and variances cannot be had from such rows, and
are added up in float64, block by block :cite:`chan1983`.
"""

import dataclasses
import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from study.data.large import Source
from study.errors import StudyError

BLOCK = 8 << 20  # bytes of a block
LOOKED_AT = 256  # evenly spaced examples that tell pictures from tables, as in `likeness`


@dataclasses.dataclass(frozen=True, eq=False)
class Survey:
    """What one pass has found.

    Attributes:
        digest: SHA-256 of type, shape and values.
        extremes: of each split, rows `[k, D]` that stand for all of its rows.
        sample: evenly spaced examples, `[n, ...]`, at most `2 · LOOKED_AT`.
        mean, spread: mean and standard deviation of each column over train, `[D]` float64.
    """

    digest: str
    extremes: Mapping[str, np.ndarray]
    sample: np.ndarray
    mean: np.ndarray
    spread: np.ndarray


def survey(source: Source, splits: Mapping[str, np.ndarray], *, where: str, name: str) -> Survey:
    """Read every example once, in the order of the file.

    Args:
        source: of the examples.
        splits: numbers of the rows of `train` and others.
        where: name of the data in messages.
        name: the same, short, for the bar that shows progress.

    Raises:
        StudyError: a value is NaN or infinite, or cannot be read.
    """
    from tqdm import tqdm

    n, width = source.shape[0], math.prod(source.shape[1:])
    member = np.zeros(n, np.uint8)
    names = list(splits)
    for number, rows in enumerate(splits.values()):
        member[rows] = number
    found = {split: _Extremes(width, source.dtype) for split in names}
    moments = _Moments(width)
    digest = hashlib.sha256(repr((source.shape, source.dtype.str)).encode())
    size = max(1, BLOCK // (8 * width))
    with tqdm(total=n, desc=f"reading {name}", unit="row", disable=None) as progress:
        for start in range(0, n, size):
            x = source.read(np.arange(start, min(start + size, n)))
            digest.update(np.ascontiguousarray(x).data)
            x = x.reshape(len(x), width)
            _check_finite(x, start, where)
            own = member[start : start + len(x)]
            for number, split in enumerate(names):
                found[split].add(x[own == number])
            moments.add(x[own == names.index("train")])
            progress.update(len(x))
    sample = source.read(np.arange(0, n, max(1, n // LOOKED_AT)))
    extremes = {split: one.rows() for split, one in found.items()}
    return Survey(digest.hexdigest(), extremes, sample, moments.mean, moments.spread)


def _check_finite(x: np.ndarray, start: int, where: str) -> None:
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        row = int((~np.isfinite(x)).any(axis=1).argmax())
        raise StudyError(f"{where}: example {start + row} has values that are NaN or infinite; fill them")


class _Extremes:
    """Rows that stand for many: the lowest and the highest of each column, and marks.

    A mark is a copy of the lowest row with one other value: one that is not whole, or one more of three different ones.
    """

    def __init__(self, width: int, dtype: np.dtype):
        self._low = self._high = np.empty((0, width), dtype)
        self._values: list[Any] = []
        self._marks: list[tuple[int, Any]] = []
        self._whole = dtype.kind != "f"

    def add(self, x: np.ndarray) -> None:
        """Take these rows into account."""
        if not len(x):
            return
        self._low = np.concatenate([self._low, x.min(axis=0)[None]]).min(axis=0)[None]
        self._high = np.concatenate([self._high, x.max(axis=0)[None]]).max(axis=0)[None]
        while len(self._values) < 3:
            other = np.ones(x.shape, bool)
            for value in self._values:
                other &= x != value
            if not other.any():
                break
            self._values.append(self._mark(x, other))
        if not self._whole and (broken := x != np.rint(x)).any():
            self._mark(x, broken)
            self._whole = True

    def _mark(self, x: np.ndarray, where: np.ndarray) -> Any:
        row, column = np.unravel_index(int(where.argmax()), x.shape)
        self._marks.append((int(column), x[row, column]))
        return x[row, column]

    def rows(self) -> np.ndarray:
        """The rows, `[k, D]`, of the type of the values."""
        found = np.concatenate([self._low, self._high, np.repeat(self._low, len(self._marks), axis=0)])
        for i, (column, value) in enumerate(self._marks, start=2):
            found[i, column] = value
        return found


class _Moments:
    """Mean and variance of columns, in float64, from blocks of rows."""

    def __init__(self, width: int):
        self._n, self.mean, self._squares = 0, np.zeros(width), np.zeros(width)

    def add(self, x: np.ndarray) -> None:
        """Take these rows into account."""
        if not len(x):
            return
        n = self._n + len(x)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = x.mean(axis=0, dtype=np.float64)
            shift = mean - self.mean
            self._squares += np.square(x - mean).sum(axis=0) + np.square(shift) * (self._n * len(x) / n)
            self.mean = self.mean + shift * (len(x) / n)
        self._n = n

    @property
    def spread(self) -> np.ndarray:
        """The standard deviation of each column, `[D]`."""
        return np.sqrt(self._squares / max(self._n, 1))
