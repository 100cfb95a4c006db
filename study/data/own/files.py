"""Reading a user's own file into named arrays; `arrays` interprets the names."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from study.data.own import npy, npz
from study.data.own.opening import open_regular, told_path
from study.data.own.table_file import one_line, read_frame
from study.errors import StudyError
from study.runtime.checks import shown
from study.runtime.limits import MAX_BYTES

if TYPE_CHECKING:
    import pandas as pd

LABEL_COLUMN = "label"
_SIGNS = frozenset("+-0123456789")
_NUMPY = " as a numpy file of plain arrays"


def read_numpy(path: Path, *, max_bytes: int = MAX_BYTES) -> dict[str, np.ndarray]:
    """Arrays of an .npz by key, or the one array of an .npy under `x`; never unpickles.

    Raises:
        StudyError: the file is unreadable, damaged, larger than `max_bytes` unpacked, or holds Python objects.
    """
    where = told_path(path)
    try:
        with open_regular(path, form=_NUMPY) as (file, size):
            start = file.read(len(npz.MAGIC))
            file.seek(0)
            if start == npz.MAGIC:
                return npz.read_npz(file, limit=max_bytes, where=where)
            return {"x": _read_npy(file, size, limit=max_bytes, where=where)}
    except StudyError:
        raise
    except npz.BROKEN as error:
        raise StudyError(
            f"{where}: cannot be read{_NUMPY} ({one_line(error)}); "
            "write it again with np.savez or np.save, with numbers or strings instead of Python objects"
        ) from error


def _read_npy(file: BinaryIO, size: int, *, limit: int, where: str) -> np.ndarray:
    header = npy.read_header(file)
    npy.check_size(header, size - header.n_bytes, limit=limit, where=where)
    return npy.read_values(file, header)


def read_csv(path: Path, *, max_bytes: int = MAX_BYTES) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Numeric columns as `x`, `[N, D]` float64, the column `label`, if any, as `labels`; and the D names of columns.

    The first line names every column. Text labels are numbered in sorted order.

    Raises:
        StudyError: unreadable, no header, two columns with one name, no numeric column, a column that is not numeric,
            or a cell that is empty or infinite.
    """
    where = told_path(path)
    frame, names = read_frame(path, max_bytes=max_bytes)
    _check_names(names, where)
    if frame.empty:
        raise StudyError(f"{where}: has column names but no rows; give at least one row per example")
    check_cells(frame, where)
    features = frame.drop(columns=LABEL_COLUMN, errors="ignore")
    if features.columns.empty:
        raise StudyError(f"{where}: no numeric column; give at least one besides {LABEL_COLUMN!r}")
    x = to_numbers(features, where, mend=f"drop it, or rename it to {LABEL_COLUMN!r}")
    columns = tuple(map(str, features.columns))
    if not np.isfinite(x).all():
        row, column = (int(i) for i in np.argwhere(np.isinf(x))[0])
        raise StudyError(
            f"{where}: column {shown(columns[column])} is infinite in row {row + 1}, or has a number too large for "
            "float64 there; correct it or drop that row"
        )
    if LABEL_COLUMN not in frame:
        return {"x": x}, columns
    return {"x": x, "labels": _labels(frame[LABEL_COLUMN])}, columns


def _check_names(names: Sequence[str], where: str) -> None:
    """Refuse columns without a name or with the same name, and numbers instead of names."""
    if all(map(_is_number, names)) and list(names) != [str(i) for i in range(len(names))]:
        raise StudyError(f"{where}: the first line holds numbers; put a line of column names above it")
    seen: dict[str, int] = {}
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise StudyError(f"{where}: column {number} has no name; name it, or drop it if it counts rows")
        if (other := seen.setdefault(name, number)) != number:
            raise StudyError(
                f"{where}: columns {other} and {number} are both named {shown(name)}; rename one of them"
            )


def check_cells(frame: "pd.DataFrame", where: str) -> None:
    """Refuse empty cells.

    Raises:
        StudyError: a cell is empty; the message names its column and its row, counted from 1 below the column names.
    """
    empty = np.flatnonzero(frame.isna().any().to_numpy())
    if len(empty):
        row = int(frame.iloc[:, empty[0]].isna().to_numpy().argmax()) + 1
        raise StudyError(
            f"{where}: column {shown(frame.columns[empty[0]])} is empty in row {row}; fill it or drop that row or "
            "column (NA, null and nan count as empty)"
        )


def to_numbers(frame: "pd.DataFrame", where: str, *, mend: str) -> np.ndarray:
    """The frame as float64, `[N, D]`; numbers beyond float64 become infinite, empty cells NaN.

    Args:
        frame: columns of numbers or booleans.
        where: name of the file in messages.
        mend: what to do about a column that is not numeric.

    Raises:
        StudyError: a column is text, or has different whole numbers that are equal in float64.
    """
    import pandas as pd

    x = np.empty(frame.shape)
    for j, name in enumerate(frame.columns):
        column = frame.iloc[:, j]
        if pd.api.types.is_numeric_dtype(column.dtype):
            x[:, j] = column.to_numpy(np.float64)
        elif (numbers := _whole_numbers(column)) is not None:
            x[:, j] = numbers
        else:
            raise StudyError(f"{where}: column {shown(name)} is not numeric; {mend}")
        whole = column.dtype.kind in "iuO"
        if whole and np.isfinite(x[0, j]) and (x[:, j] == x[0, j]).all() and column.min() != column.max():
            raise StudyError(
                f"{where}: column {shown(name)} differs by less than float64 can represent; "
                "subtract its smallest value from it, or drop it"
            )
    return x


def _whole_numbers(column: "pd.Series") -> np.ndarray | None:
    """A column of whole numbers of more than 64 bits, which pandas reads as objects or text; None for other columns."""
    found = np.empty(len(column))
    for i, value in enumerate(column):
        text = value.strip() if isinstance(value, str) else ""
        if not (type(value) is int or (text[:1] in _SIGNS and text[text[:1] in "+-" :].isdigit())):
            return None
        try:
            found[i] = float(value)
        except (OverflowError, ValueError):
            found[i] = np.inf
    return found


def _labels(column: "pd.Series") -> np.ndarray:
    """Numeric labels as they are; text labels as ranks, since in an array each text takes as much as the longest."""
    labels = column.to_numpy()
    if labels.dtype != object:
        return labels
    return np.unique(np.array([str(one) for one in labels], object), return_inverse=True)[1]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
