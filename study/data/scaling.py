"""Conversion from the user's units to the model's range and back, with statistics of the training split only."""

import dataclasses
from collections.abc import Callable

import numpy as np

from study.errors import StudyError

NameOf = Callable[[int], str]  # the name of column j in error messages
_BLOCK = 4096
_LEAST_SPREAD = 1e-150  # below it, the variance has few digits in float64, or none
_SHIFT = "subtract a constant from all values and multiply the result"


@dataclasses.dataclass(frozen=True, eq=False)
class Affine:
    """x = offset + scale * model value. Calling it converts model values `[n, D]` to the user's units, float64.

    Attributes:
        offset, scale: float64, scalars or one per feature `[D]`.
    """

    offset: np.ndarray | float
    scale: np.ndarray | float

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Model range `[n, D]` -> user's units `[n, D]` float64."""
        return np.asarray(x, np.float64) * self.scale + self.offset

    def to_model(self, x: np.ndarray) -> np.ndarray:
        """User's units `[n, D]` -> model range `[n, D]` float32."""
        scaled = np.empty(x.shape, np.float32)
        for start in range(
            0, len(x), _BLOCK
        ):  # in blocks: a float64 copy of a large data set would not fit in memory
            block = x[start : start + _BLOCK].astype(np.float64)
            scaled[start : start + _BLOCK] = (block - self.offset) / self.scale
        return scaled


def numbered(column: int) -> str:
    """The name in messages of a column that has none."""
    return f"column {column} (counted from 0)"


def choose_scaling(
    splits: dict[str, np.ndarray], *, is_table: bool, where: str, name_of: NameOf = numbered
) -> Affine | None:
    """The map between the user's units and the model's range; None if values are kept as they are.

    Binary values and images in [0, 1] are kept; uint8 is divided by 255; other images are scaled to [0, 1] by the
    smallest and largest value in train; a table is standardised feature by feature, and a feature that is constant in
    train becomes zero there.

    Args:
        splits: `train`, `validation`, `test`, each `[N, D]` of a boolean or real numeric type.
        is_table: whether examples are rows of features rather than images.
        where: name of the data in error messages.
        name_of: name of column j in error messages.

    Raises:
        StudyError: train does not vary, or has values that float64 cannot scale.
    """
    train = splits["train"]
    low, high = train.min(axis=0), train.max(axis=0)
    if low.min() == high.max():
        raise StudyError(f"{where}: every training value is {low.min()}; give data that vary")
    check_spread(low, high, where=where)
    if all(is_binary(x) for x in splits.values()):
        return None
    if train.dtype == np.uint8:
        return Affine(0.0, 255.0)
    if is_table:
        return standardise(train, where=where, name_of=name_of)
    if all(x.min() >= 0 and x.max() <= 1 for x in splits.values()):
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        least, most = float(low.min()), float(high.max())
        extent = most - least
    if not np.isfinite(extent):
        raise StudyError(
            f"{where}: training values from {_told(low.min())} to {_told(high.max())} span more than float64 holds; "
            "divide them by a power of ten"
        )
    if not extent:
        raise StudyError(f"{where}: training values differ by less than float64 can represent; {_SHIFT}")
    return Affine(least, extent)


def standardise(train: np.ndarray, *, where: str, name_of: NameOf = numbered) -> Affine:
    """The map to mean 0 and variance 1 column by column; a column that is constant becomes zero.

    Args:
        train: `[N, D]`.
        where: name of the data in error messages.
        name_of: name of column j in error messages.

    Raises:
        StudyError: no column varies, or a column varies but has no finite mean and positive variance in float64.
    """
    low, high = train.min(axis=0), train.max(axis=0)
    check_spread(low, high, where=where)
    constant = low == high
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.where(constant, low.astype(np.float64), train.mean(axis=0, dtype=np.float64))
        spread = np.where(constant, 1.0, train.std(axis=0, dtype=np.float64))
    for j in np.flatnonzero(~np.isfinite(mean) | ~np.isfinite(spread)):
        raise StudyError(
            f"{where}: {name_of(int(j))} has training values from {_told(low[j])} to {_told(high[j])}, whose mean or "
            "variance is too large for float64; divide it by a power of ten"
        )
    for j in np.flatnonzero(spread < _LEAST_SPREAD):
        raise StudyError(
            f"{where}: {name_of(int(j))} varies in train, but too little for float64, from {low[j]} to {high[j]}; "
            f"{_SHIFT}"
        )
    return Affine(mean, spread)


def check_spread(low: np.ndarray, high: np.ndarray, *, where: str) -> None:
    """Check that the training data vary.

    Args:
        low, high: the smallest and largest value of each feature, `[D]`.
        where: name of the data in error messages.

    Raises:
        StudyError: every feature is constant.
    """
    if (low == high).all():
        raise StudyError(f"{where}: every feature is constant over the training rows; give data that vary")


def to_range(
    x: np.ndarray, scaling: Affine | None, *, split: str, where: str, name_of: NameOf = numbered
) -> np.ndarray:
    """`x` in the model's range, float32 of the same shape `[N, D]`.

    Args:
        x: in the user's units.
        scaling: the result of `choose_scaling` or `standardise`.
        split: name of these rows in error messages.
        where: name of the data in error messages.
        name_of: name of column j in error messages.

    Raises:
        StudyError: a value that float32 cannot hold.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = x.astype(np.float32) if scaling is None else scaling.to_model(x)
        extent = np.abs(scaled).max(axis=0) if len(scaled) else np.zeros(0)
    for j in np.flatnonzero(~np.isfinite(extent)):
        row = int((~np.isfinite(scaled[:, j])).argmax())
        raise StudyError(
            f"{where}: {name_of(int(j))} has {_told(x[row, j])} in {split}, too large for float32 after the scaling of "
            "train; correct it, or drop that row or column"
        )
    return scaled


def check_varies(
    train: np.ndarray, scaled: np.ndarray, *, by_column: bool, where: str, name_of: NameOf
) -> None:
    """Check that data that vary in the user's units also vary in the model's range.

    Args:
        train: `[N, D]`.
        scaled: the same in the model's range.
        by_column: whether every column is checked, or only that some column varies.
        where: name of the data in error messages.
        name_of: name of column j in error messages.

    Raises:
        StudyError: float32 has lost the differences.
    """
    lost = (train.min(axis=0) != train.max(axis=0)) & (scaled.min(axis=0) == scaled.max(axis=0))
    if by_column:
        for j in np.flatnonzero(lost):
            raise StudyError(
                f"{where}: {name_of(int(j))} varies in train, but too little for float32; {_SHIFT}"
            )
    if (scaled.min(axis=0) == scaled.max(axis=0)).all():
        raise StudyError(f"{where}: training values vary, but too little for float32; {_SHIFT}")


def _told(value: np.floating | np.integer) -> str:
    """Three digits of a number, even if float64 cannot represent it."""
    with np.errstate(over="ignore"):
        return f"{value:.3g}" if np.isfinite(float(value)) else np.format_float_scientific(value, precision=2)


def is_binary(x: np.ndarray) -> bool:
    """Whether every value is exactly 0 or 1."""
    return bool(((x == 0) | (x == 1)).all())
