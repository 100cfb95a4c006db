"""Which scaling a data set gets: decided by what the values are, never by their type or shape alone, or by the user."""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np

from study.config.data import Kind, Scale
from study.data.naming import Naming
from study.data.scaling import SHIFT, Affine, Moments, bounded, check_spread, standardise, told
from study.errors import StudyError

EIGHT_BITS = 255
_BRIGHT = 128  # eight-bit pictures have values from here on
_BLOCK = 4096


@dataclasses.dataclass(frozen=True, eq=False)
class Scaling:
    """How values become the model's range.

    Attributes:
        affine: the map; None keeps values as they are.
        said: the same in words.
    """

    affine: Affine | None
    said: str

    @property
    def by_column(self) -> bool:
        """Whether each column has a scale of its own."""
        return self.affine is not None and np.ndim(self.affine.scale) > 0


def choose_scaling(
    splits: Mapping[str, np.ndarray],
    *,
    kind: Kind,
    scale: Scale = "auto",
    names: Naming,
    moments: Moments | None = None,
) -> Scaling:
    """The map between the user's units and the model's range.

    With "auto", binary values are kept; columns of a table and features of a sequence are standardised one by one,
    whatever their type; images in [0, 1] are kept, images of whole numbers up to 255 divided by 255, and all others
    scaled to [0, 1] by the smallest and largest value in train.

    Args:
        splits: `train`, `validation`, `test`, each `[N, D]` of a boolean or real numeric type.
        kind: what an example is.
        scale: what the user asked for.
        names: the words of messages.
        moments: mean and standard deviation of each column of train, if `splits` only stand for the data.

    Raises:
        StudyError: train does not vary, or has values that float64 cannot scale.
    """
    train = splits["train"]
    low, high = train.min(axis=0), train.max(axis=0)
    if low.min() == high.max():
        raise StudyError(f"{names.where}: every training value is {low.min()}; give data that vary")
    check_spread(low, high, where=names.where)
    if scale == "auto":
        scale = _found(splits, kind)
        if scale == "none":
            binary = all(is_binary(x) for x in splits.values())
            return Scaling(None, "values 0 and 1, kept" if binary else "values in [0, 1], kept")
    if scale == "none":
        return Scaling(None, "values kept as they are")
    if scale == "255":
        return Scaling(Affine(0.0, float(EIGHT_BITS)), "values divided by 255")
    if scale == "standard":
        made, more = bounded(standardise(train, names=names, moments=moments), splits, names=names)
        each = "each feature" if kind == "sequence" else "each pixel" if kind == "image" else "each column"
        said = f"{each} standardised by the training rows"
        return Scaling(made, f"{said}; {more}" if more else said)
    return _by_range(train, by_column=kind != "image", names=names)


def _found(splits: Mapping[str, np.ndarray], kind: Kind) -> Scale:
    """The scale that fits the values."""
    if all(is_binary(x) for x in splits.values()):
        return "none"
    if kind != "image":
        return "standard"
    if is_eight_bit(*splits.values()):
        return "255"
    return "none" if all(x.min() >= 0 and x.max() <= 1 for x in splits.values()) else "range"


def _by_range(train: np.ndarray, *, by_column: bool, names: Naming) -> Scaling:
    """The map of train's smallest value to 0 and largest to 1, for each column or for all together."""
    low, high = train.min(axis=0), train.max(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        if by_column:
            least, most = low.astype(np.float64), high.astype(np.float64)
            extent = np.where(low == high, 1.0, most - least)
        else:
            least, most = np.asarray(float(low.min())), np.asarray(float(high.max()))
            extent = np.asarray(most - least)
    if not np.isfinite(extent).all():
        raise StudyError(
            f"{names.where}: training values from {told(low.min())} to {told(high.max())} span more than float64 "
            "holds; divide them by a power of ten"
        )
    if not extent.all():
        raise StudyError(f"{names.where}: training values differ by less than float64 can represent; {SHIFT}")
    if by_column:
        return Scaling(
            Affine(least, extent), "the range of each column over the training rows mapped to [0, 1]"
        )
    said = f"values from {float(least):.3g} to {float(most):.3g} in train mapped to [0, 1]"
    return Scaling(Affine(float(least), float(extent)), said)


def is_binary(x: np.ndarray) -> bool:
    """Whether every value is exactly 0 or 1."""
    return bool(((x == 0) | (x == 1)).all())


def is_eight_bit(*arrays: np.ndarray) -> bool:
    """Whether all values are whole numbers from 0 to 255, some of them in the upper half."""
    most = max(float(x.max()) for x in arrays)
    if not _BRIGHT <= most <= EIGHT_BITS or min(float(x.min()) for x in arrays) < 0:
        return False
    return all((block == np.rint(block)).all() for x in arrays if x.dtype.kind == "f" for block in _blocks(x))


def _blocks(x: np.ndarray) -> Iterator[np.ndarray]:
    return (x[start : start + _BLOCK] for start in range(0, len(x), _BLOCK))
