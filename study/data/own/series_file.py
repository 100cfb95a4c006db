"""Reading columns of a time series from a .csv file, and checking its times."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from study.data.own.files import to_numbers
from study.data.own.opening import told_path
from study.data.own.table_file import one_line, read_frame
from study.errors import StudyError
from study.runtime.checks import listed, shown
from study.runtime.limits import MAX_BYTES

_LONGEST_TIME = 100  # characters of a date


def read_table(path: Path, *, time: str, features: Sequence[str], max_bytes: int = MAX_BYTES) -> np.ndarray:
    """The features' columns of a CSV file, `[R, F]` float64, after checking them and the times.

    Args:
        path: of the file.
        time: the column of times, numbers or dates, each later than the one before.
        features: the columns to read.
        max_bytes: the largest unpacked size of the file.

    Raises:
        StudyError: the file cannot be read, a column is missing, not numeric or duplicated, or times are not in order.
    """
    import pandas as pd

    where = told_path(path)
    frame, names = read_frame(path, max_bytes=max_bytes)
    for column in (time, *features):
        if column not in frame:
            raise StudyError(f"{where}: no column {shown(column)}; it has {listed(list(frame.columns))}")
        if names.count(column) > 1:
            raise StudyError(f"{where}: two columns are named {shown(column)}; rename one of them")
    if frame.empty:
        raise StudyError(f"{where}: has column names but no rows; give at least one row per time")
    _check_times(frame[time], where)
    mend = "convert it, or leave it out of features"
    for column in features:
        if pd.api.types.is_bool_dtype(frame[column]):
            raise StudyError(f"{where}: column {shown(column)} is not numeric; {mend}")
    return to_numbers(frame[list(features)], where, mend=mend)


def _check_times(times: Any, where: str) -> None:
    """Check that times are strictly increasing, as numbers or as dates."""
    import pandas as pd

    what = f"{where}: time column {shown(times.name)}"
    if times.isna().any():
        raise StudyError(
            f"{what} is empty in row {int(times.isna().to_numpy().argmax()) + 1}; fill or drop it"
        )
    if not pd.api.types.is_numeric_dtype(times):
        try:
            if times.astype(str).str.len().max() > _LONGEST_TIME:
                raise ValueError(f"a cell of more than {_LONGEST_TIME} characters")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # pandas warns that it guesses the format of each date
                times = pd.to_datetime(times)
        except (ValueError, TypeError, OverflowError) as error:
            raise StudyError(f"{what} holds neither numbers nor dates ({one_line(error)})") from error
    order = times.to_numpy()
    wrong = np.flatnonzero(order[1:] <= order[:-1])
    if len(wrong):
        row = int(wrong[0]) + 2
        if order[row - 1] == order[row - 2]:
            raise StudyError(f"{what} has the same time in rows {row - 1} and {row}; keep one row per time")
        raise StudyError(f"{what}: row {row} is earlier than the row before it; sort the file by time")
