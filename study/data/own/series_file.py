"""Reading columns of a time series from a table file, and checking its times."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from study.data.own.labelled import to_numbers
from study.data.own.opening import told_path
from study.data.own.table_file import read_frame
from study.data.own.times import Dates, check_times
from study.errors import StudyError
from study.runtime.checks import listed, shown
from study.runtime.limits import MAX_BYTES


def read_series(
    path: Path, *, time: str, features: Sequence[str], dates: Dates = "", max_bytes: int = MAX_BYTES
) -> tuple[np.ndarray, str]:
    """The features' columns of a table file, `[R, F]` float64, and what is said of file and times, after checking them.

    Args:
        path: of the file.
        time: the column of times, numbers or dates, each later than the one before.
        features: the columns to read.
        dates: whether the day or the month comes first in dates such as 1/2/2020; empty to decide by the dates.
        max_bytes: the largest unpacked size of the file.

    Raises:
        StudyError: the file cannot be read, a column is missing, not numeric or duplicated, or times are not in order.
    """
    import pandas as pd

    where = told_path(path)
    table = read_frame(path, max_bytes=max_bytes)
    frame, names = table.frame, table.names
    for column in (time, *features):
        if column not in frame:
            raise StudyError(f"{where}: no column {shown(column)}; it has {listed(list(frame.columns))}")
        if names.count(column) > 1:
            raise StudyError(f"{where}: two columns are named {shown(column)}; rename one of them")
    if frame.empty:
        raise StudyError(f"{where}: has column names but no rows; give at least one row per time")
    said = check_times(frame[time], dates=dates, where=where)
    mend = "convert it, or leave it out of features"
    for column in features:
        if pd.api.types.is_bool_dtype(frame[column]):
            raise StudyError(f"{where}: column {shown(column)} is not numeric; {mend}")
    values = to_numbers(frame[list(features)], where, mend=mend)
    return values, ", ".join(part for part in (table.said, said) if part)
