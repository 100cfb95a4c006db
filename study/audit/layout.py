"""The axes of an example: as the files hold them, as figures want them, and as a network declares them."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from study.data.own.layout import CHANNELS
from study.errors import StudyError

Axes = Literal["channels-first", "channels-last", "flat"]


@dataclasses.dataclass(frozen=True)
class Layout:
    """How one example is stored.

    Attributes:
        given: its shape in the user's arrays, which the model is given.
        shown: its shape in the data set, channels last; one number if it is no picture.
        moved: whether channels come first in `given`.
        said: how the axes were read, for the report.
    """

    given: tuple[int, ...]
    shown: tuple[int, ...]
    moved: bool
    said: str

    @property
    def size(self) -> int:
        """D."""
        return math.prod(self.given)

    def rows(self, x: np.ndarray) -> np.ndarray:
        """Examples `[n, *given]` as rows `[n, D]` of the data set."""
        return (np.moveaxis(x, 1, -1) if self.moved else x).reshape(len(x), -1)

    def examples(self, rows: np.ndarray) -> np.ndarray:
        """Rows `[n, D]` of the data set as examples `[n, *given]`."""
        if not self.moved:
            return rows.reshape(-1, *self.given)
        last = rows.reshape(-1, *self.given[1:], self.given[0])
        return np.ascontiguousarray(np.moveaxis(last, -1, 1))

    def output(self, x: np.ndarray, *, where: str) -> np.ndarray:
        """Outputs of a decoder `[n, ...]` as rows `[n, D]` of the data set.

        Raises:
            StudyError: an output has neither the shape of an example nor as many values in one row.
        """
        shape = x.shape[1:]
        if _bare(shape) == _bare(self.given) or shape == (self.size,):
            return self.rows(x.reshape(len(x), *self.given))
        last = (*self.given[1:], self.given[0]) if self.moved else (self.given[-1], *self.given[:-1])
        if len(self.given) == 3 and _bare(shape) == _bare(last):
            last_shaped = x.reshape(len(x), *last)
            return (
                last_shaped.reshape(len(x), -1)
                if self.moved
                else np.moveaxis(last_shaped, 1, -1).reshape(len(x), -1)
            )
        raise StudyError(
            f"{where}: gives [n, {', '.join(map(str, shape))}], but the examples are [n, "
            f"{', '.join(map(str, self.given))}]; store them as the decoder gives them, or give --layout"
        )


def layout_of(given: tuple[int, ...], *, axes: Axes | None, where: str) -> Layout:
    """How examples of this shape are read.

    Args:
        given: the shape of one example.
        axes: what the user says, or None.
        where: name of the data in messages.

    Raises:
        StudyError: the number of axes is wrong, or which axis holds the channels cannot be told.
    """
    size = (math.prod(given),)
    told = " × ".join(map(str, given))
    if not 1 <= len(given) <= 3:
        raise StudyError(f"{where}: examples are {told}; give [N, D], [N, H, W] or three axes with channels")
    if len(given) < 3 and axes in ("channels-first", "channels-last"):
        raise StudyError(f"--layout {axes}: examples of {where} have no axis of channels, they are {told}")
    if axes == "flat" or len(given) == 1:
        return Layout(given, size, False, f"rows of {size[0]} values, no pictures")
    if len(given) == 2:
        return Layout(given, given, False, f"pictures of {told}, one channel")
    first, last = given[0] in CHANNELS, given[-1] in CHANNELS
    if axes is None and first == last:
        raise StudyError(
            f"{where}: examples are {told}, and which axis holds the channels cannot be told; give --layout "
            "channels-first, channels-last or flat"
        )
    moved = axes == "channels-first" or (axes is None and first)
    channels, rest = (given[0], given[1:]) if moved else (given[-1], given[:-1])
    shown = rest if channels == 1 else (*rest, channels)
    how = "as --layout says" if axes else "recognised by their number"
    place = "first" if moved else "last"
    return Layout(given, shown, moved, f"pictures of {told}, channels {place} ({how})")


def as_declared(layout: Layout, declared: Sequence[Any], *, where: str, asked: bool) -> "Feed":
    """How examples are brought into the shape that an input of a network declares, its batch included.

    Axes of one value may be elsewhere. Channels are moved only if `--layout` was given, since a transposition by guess
    would scramble pictures without an error.

    Raises:
        StudyError: the examples do not fit.
    """
    axes = tuple(declared[1:])
    if len(axes) == 1 and _fits(axes, (layout.size,)):
        return Feed((layout.size,), False)
    if _fits(axes, layout.given):
        return Feed(layout.given, False)
    fixed = all(isinstance(axis, int) for axis in axes)
    if fixed and _bare(axes) == _bare(layout.given):
        return Feed(axes, False)
    other = (layout.given[-1], *layout.given[:-1])
    if layout.moved:
        other = (*layout.given[1:], layout.given[0])
    if len(layout.given) == 3 and _fits(axes, other):
        if asked:
            return Feed(other, True)
        raise StudyError(
            f"{where}: takes [{_told(declared)}], but the examples are [N, {_told(layout.given)}]: channels are "
            f"elsewhere; give --layout {'channels-first' if layout.moved else 'channels-last'} to have them moved "
            "for the network"
        )
    raise StudyError(
        f"{where}: takes [{_told(declared)}], but the examples are [N, {_told(layout.given)}]; store them as the "
        "network takes them"
    )


@dataclasses.dataclass(frozen=True)
class Feed:
    """The shape of one example in a network's input, and whether its channels move to the other end."""

    shape: tuple[int, ...]
    moved: bool

    def __call__(self, x: np.ndarray, *, first: bool) -> np.ndarray:
        """Examples as the network takes them; `first` says where their channels are."""
        if self.moved:
            x = np.moveaxis(x, 1, -1) if first else np.moveaxis(x, -1, 1)
        return x.reshape(len(x), *self.shape)


def _fits(axes: Sequence[Any], shape: Sequence[int]) -> bool:
    return len(axes) == len(shape) and all(
        not isinstance(axis, int) or axis == got for axis, got in zip(axes, shape, strict=True)
    )


def _bare(shape: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(axis for axis in shape if axis != 1)


def _told(shape: Sequence[Any]) -> str:
    return ", ".join("?" if axis is None else str(axis) for axis in shape)
