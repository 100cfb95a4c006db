"""The times of a series: in order, as numbers or dates; what is not certain about a date is asked, gaps are said."""

import re
import warnings
from typing import TYPE_CHECKING, Literal

import numpy as np

from study.data.own.table_file import one_line
from study.errors import StudyError

if TYPE_CHECKING:
    import pandas as pd

Dates = Literal["", "day-first", "month-first"]
DATES: tuple[Dates, ...] = ("", "day-first", "month-first")
_LONGEST = 100  # characters of a date
_ISO = re.compile(r"\s*\d{4}-?\d{2}-?\d{2}([T ].*)?\s*")
_OFFSET = re.compile(r"\d\d:?\d\d.*([+-]\d\d(:?\d\d)?|Z)\s*$")
_NUMBERS = re.compile(r"\s*(\d{1,2})([./-])(\d{1,2})\2\d{2,4}\b.*")
_GAP = 1.5  # median steps
_UNEVEN = 0.01  # of the median step
_UNITS = (("d", 86_400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0))


def check_times(times: "pd.Series", *, dates: Dates = "", where: str) -> str:
    """Check that times are strictly increasing, as numbers or as dates.

    Args:
        times: the column of times.
        dates: whether the day or the month comes first in dates such as 1/2/2020; empty to decide by the dates.
        where: name of the file in messages.

    Returns:
        A phrase about steps and gaps.

    Raises:
        StudyError: a time is missing, neither number nor date, or not after the one before; or dates have two readings.
    """
    import pandas as pd

    what = f"{where}: time column {times.name!r}"
    if times.isna().any():
        raise StudyError(f"{what} is empty in row {int(times.isna().to_numpy().argmax()) + 1}; fill it")
    is_date = not pd.api.types.is_numeric_dtype(times)
    order = _seconds(times, dates, what) if is_date else times.to_numpy(np.float64)
    steps = np.diff(order)
    for row in np.flatnonzero(~(steps > 0)) + 2:
        if steps[row - 2] == 0:
            raise StudyError(
                f"{what} has the same time in rows {row - 1} and {row}; give one row per time{_clock(is_date)}"
            )
        raise StudyError(
            f"{what}: row {row} is earlier than the row before it; sort the file by time{_clock(is_date)}"
        )
    return _steps(steps, is_date)


def _clock(is_date: bool) -> str:
    return ", and where clocks were set back give times with an offset, such as +01:00" if is_date else ""


def _seconds(times: "pd.Series", dates: Dates, what: str) -> np.ndarray:
    """Seconds from the first date to each, `[R]` float64."""
    import pandas as pd

    texts = times.astype(str)
    try:
        if texts.str.len().max() > _LONGEST:
            raise ValueError(f"a cell of more than {_LONGEST} characters")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pandas warns that it guesses the format of each date
            if texts.map(lambda one: _ISO.fullmatch(one) is not None).all():
                _check_offsets(texts, what)
                found = pd.to_datetime(texts.str.strip(), format="ISO8601", utc=True)
            else:
                first = _day_first(texts, dates, what)
                found = pd.to_datetime(texts, format="mixed", dayfirst=first, utc=True)
        return (found - found.iloc[0]).dt.total_seconds().to_numpy(np.float64)
    except StudyError:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        raise StudyError(f"{what} holds neither numbers nor dates ({one_line(error)})") from error


def _check_offsets(texts: "pd.Series", what: str) -> None:
    """Check that all times have an offset from UTC, or none has.

    Raises:
        StudyError: some have.
    """
    has = texts.map(lambda one: _OFFSET.search(one) is not None).to_numpy()
    if has.any() and not has.all():
        row = int((has != has[0]).argmax()) + 1
        raise StudyError(
            f"{what}: only one of rows 1 and {row} has an offset from UTC; give one to all rows or none"
        )


def _day_first(texts: "pd.Series", dates: Dates, what: str) -> bool:
    """Whether the day comes first in dates such as 1/2/2020; False where no date has that form.

    Raises:
        StudyError: the dates have two readings, or some contradict the others.
    """
    found = [match for match in map(_NUMBERS.fullmatch, texts) if match]
    if not found:
        return False
    firsts, seconds = (np.array([int(match[group]) for match in found]) for group in (1, 3))
    day, month = bool((firsts > 12).any()), bool((seconds > 12).any())
    mend = (
        'give dates = "day-first" or dates = "month-first" (in the .toml file, or study.windows(dates=...))'
    )
    if (day and month) or (dates == "day-first" and month) or (dates == "month-first" and day):
        raise StudyError(
            f"{what} holds dates with a first and others with a second number above 12, or an order that is not "
            "the one given; write all dates as 2024-12-31"
        )
    if dates or day or month:
        return day or dates == "day-first"
    if found[0][2] == ".":
        return True  # with dots the day always comes first
    raise StudyError(
        f"{what} holds dates such as {found[0][0].strip()!r}, whose day may come first or second; {mend}"
    )


def _steps(steps: np.ndarray, is_date: bool) -> str:
    """The usual step, gaps and uneven steps, as a phrase."""
    if not len(steps):
        return ""
    usual = float(np.median(steps))
    gaps = np.flatnonzero(steps > _GAP * usual)
    rest = steps[steps <= _GAP * usual]
    said = f"rows {_told(usual, is_date)} apart"
    if rest.max() - rest.min() > _UNEVEN * usual:
        said = (
            f"rows unevenly {_told(float(rest.min()), is_date)} to {_told(float(rest.max()), is_date)} apart"
        )
    if len(gaps):
        longest = int(steps.argmax())
        many = "a gap" if len(gaps) == 1 else f"{len(gaps)} gaps, the longest"
        said += f", with {many} of {_told(float(steps[longest]), is_date)} after row {longest + 1}"
    uneven = len(gaps) or rest.max() - rest.min() > _UNEVEN * usual
    return f"{said}; a step of a window is a row, whatever the time between" if uneven else said


def _told(step: float, is_date: bool) -> str:
    if not is_date:
        return f"{step:.4g}"
    name, size = next(((name, size) for name, size in _UNITS if step >= size), _UNITS[-1])
    return f"{step / size:.4g} {name}"
