"""Conversion from the user's units to the model's range and back, with statistics of the training split only."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from study.data.naming import Naming
from study.errors import StudyError

REACH = 10.0  # a standardised column reaches at most so far from its mean in train
OUTSIDE = 3 * REACH  # and so far in other splits
FARTHEST = 1000.0  # largest value after scaling, in any split; 100 times as far as train reaches
_BLOCK = 4096
_LEAST_SPREAD = 1e-150  # below it, the variance has few digits in float64, or none
Moments = tuple[np.ndarray, np.ndarray]  # mean and standard deviation of each column, `[D]` float64
SHIFT = "subtract a constant from all values and multiply the result"


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
            block -= self.offset
            block /= self.scale
            scaled[start : start + _BLOCK] = block
        return scaled

    def tiled(self, times: int) -> "Affine":
        """The map of `times` steps side by side, each of which has this map."""
        return Affine(*(np.tile(value, times) for value in (self.offset, self.scale)))


def standardise(train: np.ndarray, *, names: Naming, moments: Moments | None = None) -> Affine:
    """The map to mean 0 and variance 1 column by column; a column that is constant becomes zero.

    Args:
        train: `[N, D]`.
        names: the words of messages.
        moments: of the whole of train, if `train` holds only some rows, those with the extremes among them.

    Raises:
        StudyError: no column varies, or a column varies but has no finite mean and positive variance in float64.
    """
    low, high = train.min(axis=0), train.max(axis=0)
    check_spread(low, high, where=names.where)
    constant = low == high
    with np.errstate(over="ignore", invalid="ignore"):
        mean, spread = moments or (train.mean(axis=0, dtype=np.float64), train.std(axis=0, dtype=np.float64))
        mean = np.where(constant, low.astype(np.float64), mean)
        spread = np.where(constant, 1.0, spread)
    for j in np.flatnonzero(~np.isfinite(mean) | ~np.isfinite(spread)):
        raise StudyError(
            f"{names.where}: {names.column(int(j))} has training values from {told(low[j])} to {told(high[j])}, whose "
            "mean or variance is too large for float64; divide it by a power of ten"
        )
    for j in np.flatnonzero(spread < _LEAST_SPREAD):
        raise StudyError(
            f"{names.where}: {names.column(int(j))} varies in train, but too little for float64, from {low[j]} to "
            f"{high[j]}; {SHIFT}"
        )
    return Affine(mean, spread)


def bounded(scaling: Affine, splits: Mapping[str, np.ndarray], *, names: Naming) -> tuple[Affine, str]:
    """The map with a larger scale for columns that it would let explode, and a phrase that says which.

    A column that is rarely other than zero, such as a pixel at the edge of an image, has a standard deviation far below
    the size of its values: they would lie √N standard deviations out. So a column is divided by at least a tenth of its
    farthest training value's distance from the mean. Other splits enter only where a model could learn nothing: a
    column that is constant in train is divided by the largest difference elsewhere, if that is above 1, and one with a
    value elsewhere that is more than three times as far out as those of train is divided so that this value is 30; a
    value beyond `FARTHEST`, probably an error, is left to `to_range` to refuse.

    Args:
        scaling: from `standardise`, of columns.
        splits: `train` and others, `[N, D]` in the user's units.
        names: the words of messages.
    """
    train, mean = splits["train"], np.asarray(scaling.offset)
    constant = train.min(axis=0) == train.max(axis=0)
    farthest = {split: _distance(x, mean) for split, x in splits.items()}
    scale = np.asarray(scaling.scale)
    wide = farthest["train"] > REACH * scale
    scale = np.where(wide, farthest["train"] / REACH, scale)
    said = [_wide(wide, names)] if wide.any() else []
    for split in [name for name in splits if name != "train"]:
        with np.errstate(over="ignore"):
            out = farthest[split] / scale
        moved, far = constant & (out > 0), ~constant & (out > OUTSIDE) & (out <= FARTHEST)
        for which, most, why in ((moved, 1.0, "constant over the training rows"), (far, OUTSIDE, "")):
            if which.any():
                column = int(np.where(which, out, 0).argmax())
                row = int(np.abs(splits[split][:, column].astype(np.float64) - mean[column]).argmax())
                value = f"{told(splits[split][row, column])} in {names.row(split, row)}"
                there = f"{why} ({told(train[0, column])}) but {value}" if why else f"{value}, far from train"
                more = f", and {which.sum() - 1} more columns alike" if which.sum() > 1 else ""
                said.append(f"{names.column(column)} {there}, scaled so that it is at most {most:g}{more}")
                scale = np.where(which, np.maximum(scale, farthest[split] / most), scale)
    return Affine(mean, scale), "; ".join(said)


def _distance(x: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The largest distance of a column's values from `mean`, `[D]` float64."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.maximum(x.max(axis=0).astype(np.float64) - mean, mean - x.min(axis=0).astype(np.float64))


def _wide(wide: np.ndarray, names: Naming) -> str:
    first = names.column(int(wide.argmax()))
    which = first if wide.sum() == 1 else f"{wide.sum()} columns, the first of them {first},"
    return (
        f"{which} with values beyond {REACH:g} standard deviations scaled so that the farthest is {REACH:g}"
    )


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
    x: np.ndarray, scaling: Affine | None, *, split: str, names: Naming, farthest: float = FARTHEST
) -> np.ndarray:
    """`x` in the model's range, float32 of the same shape `[N, D]`.

    Args:
        x: in the user's units.
        scaling: how to convert it, by the statistics of train.
        split: name of these rows in messages.
        names: the words of messages.
        farthest: the largest absolute value that is allowed after scaling.

    Raises:
        StudyError: a value that float32 cannot hold, or that would lie farther out.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = x.astype(np.float32) if scaling is None else scaling.to_model(x)
        extent = np.abs(scaled).max(axis=0) if len(scaled) else np.zeros(0)
    for j in np.flatnonzero(~np.isfinite(extent)):
        row = int((~np.isfinite(scaled[:, j])).argmax())
        raise StudyError(
            f"{names.where}: {names.column(int(j))} has {told(x[row, j])} in {names.row(split, row)}, too large for "
            "float32 after the scaling of train; correct it, or divide that column by a power of ten"
        )
    if scaling is not None and len(extent) and extent.max() > farthest:
        far = int(extent.argmax())
        row = int(np.abs(scaled[:, far]).argmax())
        raise StudyError(
            f"{names.where}: {names.column(far)} has {told(x[row, far])} in {names.row(split, row)}, which is "
            f"{extent[far]:.2g} after the scaling of train, where training values stay within {REACH:g}; correct it if "
            "it is an error or marks a missing value, else give --scale none"
        )
    return scaled


def check_varies(train: np.ndarray, scaled: np.ndarray, *, by_column: bool, names: Naming) -> None:
    """Check that data that vary in the user's units also vary in the model's range.

    Args:
        train: `[N, D]`.
        scaled: the same in the model's range.
        by_column: whether every column is checked, or only that some column varies.
        names: the words of messages.

    Raises:
        StudyError: float32 has lost the differences.
    """
    lost = (train.min(axis=0) != train.max(axis=0)) & (scaled.min(axis=0) == scaled.max(axis=0))
    if by_column:
        for j in np.flatnonzero(lost):
            raise StudyError(
                f"{names.where}: {names.column(int(j))} varies in train, but too little for float32; {SHIFT}"
            )
    if (scaled.min(axis=0) == scaled.max(axis=0)).all():
        raise StudyError(f"{names.where}: training values vary, but too little for float32; {SHIFT}")


def told(value: np.floating | np.integer | np.bool_) -> str:
    """Three digits of a number, even if float64 cannot represent it."""
    with np.errstate(over="ignore"):
        number = float(value)
        return f"{number:.3g}" if np.isfinite(number) else np.format_float_scientific(value, precision=2)
