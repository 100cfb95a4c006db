"""Checks of the fields of frozen configurations: each has its declared type, is finite and within its limits."""

import dataclasses
import math
import os
import struct
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from study.errors import StudyError
from study.runtime.checks import finite_number, shown, whole_number

MOST = 2**31 - 1  # the largest whole number: a signed 32-bit integer
MOST_WIDTH = 16_384  # units, channels, dimensions: two layers of this width have parameters of 1 GiB
LEAST_FLOAT, MOST_FLOAT = 1e-37, 3e38  # beyond these, single precision gives 0 and infinity
MOST_ITEMS = 10_000  # of a list
MOST_TEXT = 4096  # characters


@dataclasses.dataclass(frozen=True)
class Limits:
    """The range of a number, or of each number of a list: from `least` to `most`; if `zero`, also 0.

    Attributes:
        least, most: both included.
        below: the error message for a number below `least`.
        zero: whether 0 is allowed although it is below `least`.
        items: how many items a list may hold.
    """

    least: float = 0
    most: float = MOST
    below: str = "cannot be negative"
    zero: bool = False
    items: int = MOST_ITEMS


POSITIVE = Limits(1, below="must be positive")
WIDTH = Limits(1, MOST_WIDTH, "must be positive", items=100)
POSITIVE_FLOAT = Limits(LEAST_FLOAT, MOST_FLOAT, "must be positive")
WEIGHT = Limits(LEAST_FLOAT, MOST_FLOAT, "weights of a loss cannot be negative", zero=True)


def check(config: Any, limits: Mapping[str, Limits], *, where: str = "") -> None:
    """Convert every field of a frozen dataclass to the plain type that it declares, and check its limits.

    Lists become tuples, scalars of NumPy and JAX plain numbers, whole floats ints where an int is declared.

    Args:
        config: the dataclass, during its `__post_init__`.
        limits: by field; without limits, ints lie between 0 and 2³¹ − 1, floats are finite.
        where: prefix of a field's name in messages.

    Raises:
        StudyError: a field has another type, or is outside its limits.
    """
    for name, hint in hints(type(config)).items():
        given = getattr(config, name)
        label = f"{where}{name}"
        items = limits[name].items if name in limits else MOST_ITEMS
        value = typed(hint, given, label, items=items)
        object.__setattr__(config, name, value)
        if name in limits or hint is int:
            for one, told in zip(_each(value), _each(given), strict=True):
                _within(one, told, limits.get(name, Limits()), label)


def hints(kind: type) -> Mapping[str, Any]:
    """The declared types of the fields of a dataclass, by name."""
    found = typing.get_type_hints(kind)
    return {field.name: found[field.name] for field in dataclasses.fields(kind)}


def typed(hint: Any, value: Any, name: str, *, items: int = MOST_ITEMS) -> Any:
    """`value` converted to the plain type that `hint` declares.

    Args:
        hint: int, float, bool, str, a Literal of texts, a dataclass, `tuple[T, ...]` or `T | None` of one of these.
        value: what was given.
        name: its name in messages.
        items: how many items a tuple may hold.

    Raises:
        StudyError: the value is not of that type.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple:
        return tuple(typed(arguments[0], item, name) for item in _items(value, name, items))
    if origin is Literal:
        if not isinstance(value, str) or value not in arguments:
            raise StudyError(f"{name}: expected one of {', '.join(arguments)}, got {shown(value)}")
        return str(value)
    if origin in (types.UnionType, typing.Union):
        (kind,) = (one for one in arguments if one is not type(None))
        return None if value is None else typed(kind, value, name)
    if hint is int:
        try:
            return whole_number(_whole(value), name=name, least=None, most=None)
        except StudyError:
            raise StudyError(f"{name}: expected int, got {shown(value)}") from None
    if hint is float:
        return finite_number(value, name=name)
    if hint is bool:
        return _truth(value, name)
    if hint is str:
        return _text(value, name)
    if not isinstance(value, hint):
        raise StudyError(f"{name}: expected a {hint.__name__}, got {shown(value)}")
    return value


def _plain(value: Any) -> Any:
    """A scalar of NumPy or JAX as a Python number; anything else unchanged."""
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def _whole(value: Any) -> Any:
    """A float that is a whole number as an int; anything else unchanged."""
    plain = _plain(value)
    return int(plain) if isinstance(plain, float) and plain.is_integer() else plain


def _truth(value: Any, name: str) -> bool:
    plain = _plain(value)
    if not isinstance(plain, bool):
        raise StudyError(f"{name}: expected true or false, got {shown(value)}")
    return plain


def _text(value: Any, name: str) -> str:
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str):
        raise StudyError(f"{name}: expected text, got {shown(value)}")
    if len(text) > MOST_TEXT or "\0" in text:
        raise StudyError(
            f"{name}: expected at most {MOST_TEXT} characters, without null characters, got {shown(value)}"
        )
    return str(text)


def _items(value: Any, name: str, most: int) -> Any:
    """The items of a list or another ordered sequence."""
    listed = isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray))
    if not listed and len(getattr(value, "shape", ())) != 1:
        raise StudyError(f"{name}: expected a list, got {shown(value)}")
    try:
        found = len(value)
    except OverflowError:  # a range longer than any machine's memory
        found = MOST
    if found > most:
        raise StudyError(f"{name}: expected a list of at most {most:,}, this one has {found:,} or more")
    return value


def _each(value: Any) -> Any:
    return (value,) if getattr(value, "shape", None) == () or not hasattr(value, "__len__") else value


def _within(value: float, given: Any, limits: Limits, name: str) -> None:
    if value < limits.least and not (limits.zero and value == 0):
        small = 0 < value < limits.least == LEAST_FLOAT
        below = "is too small for single precision" if small else limits.below
        raise StudyError(f"{name}: {below}, got {shown(given)}{_instead(limits)}")
    if value > limits.most:
        raise StudyError(f"{name}: is too large, got {shown(given)}{_instead(limits)}")


def _instead(limits: Limits) -> str:
    zero = "0, or " if limits.zero else ""
    return f"; give {zero}{_number(limits.least)} to {_number(limits.most)}"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def single(value: float) -> float:
    """`value` rounded to single precision."""
    return struct.unpack("f", struct.pack("f", value))[0] if math.isfinite(value) else value
