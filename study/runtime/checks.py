"""Checks that a value is a valid number, shared by flags, configurations, files and Python calls."""

import math
import numbers
from collections.abc import Sequence
from typing import Any

from study.errors import StudyError

SHOWN = 60  # characters of a wrong value that a message repeats
SAID = 200  # characters of another library's message that a message repeats


def shown(value: Any) -> str:
    """The value as text for a message: one short line."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a number with more digits than Python prints, or a caller's __repr__ that fails
        return f"a very long {type(value).__name__}"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def said(error: BaseException) -> str:
    """The message of another library's error in one short line; the name of the error if it has no message."""
    return brief(next(iter(str(error).splitlines()), "")) or type(error).__name__


def brief(text: str) -> str:
    """The text in one line of at most `SAID` characters."""
    text = " ".join(text.split())
    return text if len(text) <= SAID else f"{text[: SAID - 1]}…"


def listed(names: Sequence[object]) -> str:
    """Names of columns for a message; only the first twelve if there are more."""
    told = ", ".join(_bare(name) for name in names[:12])
    return told if len(names) <= 12 else f"{told} and {len(names) - 12} more"


def _bare(name: object) -> str:
    text = str(name)
    return text if text.isprintable() and len(text) <= 40 else shown(text)


def _plain(value: Any) -> Any:
    """A NumPy or JAX scalar as a Python number."""
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def finite_number(
    value: Any,
    *,
    name: str,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
) -> float:
    """`value` as a finite float; whole numbers and NumPy or JAX scalars are accepted, booleans and text are not.

    Args:
        value: the value to check.
        name: its name in the message.
        least: smallest value that is allowed.
        above: the value must be larger than this.
        most: largest value that is allowed.

    Raises:
        StudyError: it is not such a number.
    """
    plain = _plain(value)
    if isinstance(plain, bool) or not isinstance(plain, numbers.Real):
        raise StudyError(f"{name}: give a number, got {shown(value)}")
    try:
        number = float(plain)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise StudyError(f"{name}: give a finite number, got {shown(value)}")
    if least is not None and number < least:
        raise StudyError(f"{name}: give a number of {least:g} or more, got {shown(value)}")
    if above is not None and number <= above:
        raise StudyError(f"{name}: give a number above {above:g}, got {shown(value)}")
    if most is not None and number > most:
        raise StudyError(f"{name}: give a number of {most:g} or less, got {shown(value)}")
    return number


def whole_number(value: Any, *, name: str, least: int | None = 0, most: int | None = 2**31 - 1) -> int:
    """`value` as an int from `least` to `most` inclusive; NumPy or JAX scalars are accepted, 1.0 and True are not.

    Args:
        value: the value to check.
        name: its name in the message.
        least, most: the range; None is no bound.

    Raises:
        StudyError: it is not such a number.
    """
    plain = _plain(value)
    if isinstance(plain, bool) or not isinstance(plain, numbers.Integral):
        raise StudyError(f"{name}: give a whole number, got {shown(value)}")
    number = int(plain)
    if (least is not None and number < least) or (most is not None and number > most):
        if most is None:
            allowed = f"of {least} or more"
        else:
            allowed = f"of {most} or less" if least is None else f"from {least} to {most}"
        raise StudyError(f"{name}: give a whole number {allowed}, got {shown(value)}")
    return number
