"""What the examples of an array are: rows of a table, images and where their channels are, or windows `[T, F]`."""

import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from study.config.data import DataConfig, Kind, give
from study.data.choosing import is_eight_bit
from study.data.own.likeness import ALIKE, picture_shape, roughness
from study.errors import StudyError

CHANNELS = (1, 3, 4)  # grey, colour, colour with opacity
_LEAST_SIDE = 8  # pixels of a picture that is recognised among the columns of a table
_LONGEST = 2  # a picture that is recognised is at most so many times as long as wide
_KINDS = ("image", "table", "sequence")


@dataclasses.dataclass(frozen=True, eq=False)
class Arranged:
    """Examples in the layout of the model.

    Attributes:
        arrays: by split, `[N, *shape]`; the channels of images last.
        kind: what an example is.
        said: the same in words.
        columns: the order of the values of an example, of those as they were given; None if it is the same.
    """

    arrays: Mapping[str, np.ndarray]
    kind: Kind
    said: str
    columns: np.ndarray | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of an example."""
        return next(iter(self.arrays.values())).shape[1:]


def arranged(arrays: Mapping[str, np.ndarray], options: DataConfig, *, where: str) -> Arranged:
    """Decide what the examples are, by their shape and values together, and put the channels of images last.

    `[N, D]` is a table, unless its columns are whole numbers from 0 to 255 that form square pictures, with neighbours
    alike. `[N, H, W]` with values of pictures, not too oblong, and not smooth along one axis only, are images.
    Otherwise the user is asked, as for four axes of which two could hold the channels.

    Args:
        arrays: `[N, ...]` with two to four axes, alike in all splits.
        options: what the user said.
        where: name of the data in messages.

    Raises:
        StudyError: the examples may be several things, or cannot be what the user says.
    """
    shape = next(iter(arrays.values())).shape[1:]
    kind = options.kind
    if len(shape) != 3 or kind in ("table", "sequence"):
        options.refuse(
            "layout", where=where, why=f"examples of shape {list(shape)} that are no images with channels"
        )
    if kind == "table":
        flat = {key: x.reshape(len(x), -1) for key, x in arrays.items()}
        return Arranged(flat, kind, f"a table of {math.prod(shape)} columns")
    if kind == "sequence":
        if len(shape) != 2 or shape[0] < 2:
            raise StudyError(
                f"{where}: examples of shape {list(shape)} are no windows; give [N, T, F], F features at T steps, T at "
                "least 2"
            )
        return Arranged(arrays, kind, f"windows of {shape[0]} steps of {shape[1]} features")
    if len(shape) == 1:
        return _columns(arrays, asked=kind == "image", where=where)
    if len(shape) == 2:
        if kind == "auto":
            _check_pictures(arrays, where)
        return Arranged(arrays, "image", f"images of {shape[0]}×{shape[1]}")
    return _with_channels(arrays, options, where)


def _columns(arrays: Mapping[str, np.ndarray], *, asked: bool, where: str) -> Arranged:
    """Rows of a table, or pictures of which every pixel is a column."""
    first = next(iter(arrays.values()))
    d = first.shape[1]
    found = None
    if asked or (is_eight_bit(*arrays.values()) and not is_constant(first)):
        found = picture_shape(first, least_side=2 if asked else _LEAST_SIDE)
    if asked and found is None and (side := math.isqrt(d)) ** 2 == d and side > 1:
        found = (side, side)
    if asked and found is None:
        raise StudyError(
            f"{where}: {d} columns are not the pixels of square pictures; give arrays [N, H, W] or [N, H, W, C]"
        )
    if found is None:
        return Arranged(arrays, "table", f"a table of {d} column{'' if d == 1 else 's'}")
    grid = {key: x.reshape(len(x), *found) for key, x in arrays.items()}
    size = [n for n in found if n != 3 or len(found) == 2]
    why = "" if asked else ", recognised by their values and because neighbours are alike"
    said = f"images of {size[0]}×{size[1]}{' in 3 colours' if len(found) == 3 else ''}, from {d} columns{why}"
    if len(found) == 3 and found[0] == 3 != found[2]:
        return _moved(grid, said)
    return Arranged(grid, "image", said)


def _moved(arrays: Mapping[str, np.ndarray], said: str) -> Arranged:
    """Images with their channels, which came first, last."""
    shape = next(iter(arrays.values())).shape[1:]
    columns = np.moveaxis(np.arange(math.prod(shape)).reshape(shape), 0, -1).ravel()
    moved = {key: np.moveaxis(x, 1, -1) for key, x in arrays.items()}
    return Arranged(moved, "image", f"{said}, channels first, moved last", columns)


def is_constant(x: np.ndarray) -> bool:
    """Whether every value is the same."""
    return bool(x.min() == x.max())


def _check_pictures(arrays: Mapping[str, np.ndarray], where: str) -> None:
    """Check that `[N, A, B]` can only be pictures.

    Raises:
        StudyError: they may be windows of a time series.
    """
    first = next(iter(arrays.values()))
    low, high = (
        float(getattr(np, side)([getattr(x, side)() for x in arrays.values()])) for side in ("min", "max")
    )
    valued = (
        is_eight_bit(*arrays.values()) or (low >= 0 and high <= 1) or (-1 <= low <= -0.5 and 0.5 <= high <= 1)
    )
    short, long = sorted(first.shape[1:])
    steps, features = roughness(first, 1), roughness(first, 2)
    one_way = steps < ALIKE / 2 and features > ALIKE + steps
    if valued and long <= _LONGEST * short and not one_way:
        return
    why = "smooth along one axis only" if valued and one_way else f"with values from {low:.3g} to {high:.3g}"
    raise StudyError(
        f"{where}: examples of shape {list(first.shape[1:])}, {why}, may be images, windows [T, F] of a time series, "
        f"or tables; {give('kind', *_KINDS)}"
    )


def _with_channels(arrays: Mapping[str, np.ndarray], options: DataConfig, where: str) -> Arranged:
    """Images with channels, which come last in the result."""
    shape = next(iter(arrays.values())).shape[1:]
    layout = options.layout
    if layout == "auto":
        first, last = _may_be_channels(shape[0], shape[1:]), _may_be_channels(shape[2], shape[:2])
        if first == last:
            raise StudyError(
                f"{where}: the channels of images of shape {list(shape)} may be the first or the last axis; "
                f"{give('layout', 'channels-first', 'channels-last')}"
            )
        layout = "channels-first" if first else "channels-last"
    if layout == "channels-last":
        return Arranged(
            arrays, "image", f"images of {shape[0]}×{shape[1]} with {_channels(shape[2])}, channels last"
        )
    return _moved(arrays, f"images of {shape[1]}×{shape[2]} with {_channels(shape[0])}")


def _may_be_channels(n: int, sides: tuple[int, ...]) -> bool:
    """Whether an axis of length n may hold channels, and the other two height and width."""
    return n in CHANNELS and min(sides) > n


def _channels(n: int) -> str:
    return f"{n} channel{'' if n == 1 else 's'}"
