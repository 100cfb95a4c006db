"""Reading the rows of a user's table: its columns as numbers, and the one that holds classes."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from study.config.data import NO_LABEL, give
from study.data.own.dialect import is_number, names_columns
from study.data.own.opening import told_path
from study.data.own.table_file import read_frame
from study.errors import StudyError
from study.runtime.checks import listed, shown
from study.runtime.limits import MAX_BYTES

if TYPE_CHECKING:
    import pandas as pd

LABEL_COLUMN = "label"
MAY_BE_LABELS = ("y", "label", "labels", "class", "target")
_SIGNS = frozenset("+-0123456789")
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})")


def read_table(
    path: Path, *, label: str = "", max_bytes: int = MAX_BYTES
) -> tuple[dict[str, np.ndarray], Mapping[str, Any]]:
    """Numeric columns as `x`, `[N, D]` float64, a column of classes, if any, as `labels`; and facts for `from_arrays`.

    The first line, or a comment above the rows, names every column. Cells of the column of classes are kept as they
    are, `NA` and `None` included; if all are whole numbers, the classes are numbers.

    Args:
        path: of the file.
        label: the column of classes; "none" if none holds them; if empty, the column `label` does, and the user is
            asked about a column that may.
        max_bytes: the largest unpacked size of the file.

    Raises:
        StudyError: unreadable, no names of columns, two columns with one name, no numeric column, a column that is not
            numeric or may hold classes, or a cell that is empty or infinite.
    """
    where = told_path(path)
    table = read_frame(
        path, max_bytes=max_bytes, text_column=lambda names: label_column(names, label, where=where)
    )
    frame, names = table.frame, table.names
    chosen = label_column(names, label, where=where)
    _check_names(names, table.first, where)
    if frame.empty:
        raise StudyError(f"{where}: has column names but no rows; give at least one row per example")
    features = frame.drop(columns=[] if chosen is None else chosen)
    check_cells(features, where)
    if features.columns.empty:
        raise StudyError(f"{where}: no numeric column; give at least one besides {shown(chosen)}")
    x = to_numbers(
        features, where, mend="drop that column, or give --label with its name if it holds classes"
    )
    columns = tuple(map(str, features.columns))
    if not np.isfinite(x).all():
        row, column = (int(i) for i in np.argwhere(np.isinf(x))[0])
        raise StudyError(
            f"{where}: column {shown(columns[column])} is infinite in row {row + 1}, or has a number too large for "
            "float64 there; correct it"
        )
    facts = {"columns": columns, "read_as": table.said}
    if chosen is None:
        return {"x": x}, facts
    facts["read_as"] = ", ".join(
        part for part in (table.said, f"classes from column {shown(chosen)}") if part
    )
    return {"x": x, "labels": classes(frame[chosen], where)}, facts


def label_column(names: Sequence[str], asked: str, *, where: str) -> str | None:
    """The column that holds classes, or None.

    Raises:
        StudyError: there is no such column, or it must be asked which one it is.
    """
    plain = [name.strip().lower() for name in names]
    if asked in names:
        return asked
    if asked == NO_LABEL:
        return None
    if asked:
        alike = [name for name, lower in zip(names, plain, strict=True) if lower == asked.strip().lower()]
        if len(alike) == 1:
            return alike[0]
        raise StudyError(f"{where}: no column {shown(asked)} for --label; it has {listed(names)}")
    found = [name for name, lower in zip(names, plain, strict=True) if lower in MAY_BE_LABELS]
    if not found or (len(found) == 1 and found[0].strip().lower() == LABEL_COLUMN):
        return found[0] if found else None
    if len(set(found)) < len(found):
        return None  # two columns with one name, which is refused
    which = " and ".join(f"column {shown(name)}" for name in found)
    values = [*found, NO_LABEL]
    raise StudyError(
        f"{where}: {which} may hold classes; {give('label', *values)}, where {NO_LABEL} reads it as a feature"
    )


def classes(column: "pd.Series", where: str) -> np.ndarray:
    """The classes in a column of texts: as whole numbers if all cells are, else as texts.

    Raises:
        StudyError: a cell is empty, or all are numbers and some not whole.
    """
    texts = [str(one).strip() for one in column.to_numpy(object)]
    what = f"{where}: column {shown(column.name)}"
    if "" in texts:
        raise StudyError(
            f"{what} is empty in row {texts.index('') + 1}; give that row a class, such as unknown"
        )
    if all(map(_WHOLE.fullmatch, texts)):
        return np.array([int(one) for one in texts], np.int64)
    if all(one[-1:].isdigit() or one.endswith(".") for one in texts) and all(map(is_number, texts)):
        numbers = np.array([float(one) for one in texts])
        if np.isfinite(numbers).all() and (numbers != np.round(numbers)).any():
            raise StudyError(
                f"{what} holds numbers that are not whole, so no classes; "
                f"{give('label', NO_LABEL)} to read it as a feature"
            )
    return np.array(texts, object)


def _check_names(names: Sequence[str], row: Sequence[str], where: str) -> None:
    """Refuse columns without a name or with the same name, and numbers that may be a row instead of names."""
    if all(map(is_number, names)) and not names_columns(names, row):
        raise StudyError(
            f"{where}: the first line holds numbers; if they are a row, put a line of column names above "
            "it, and if they name columns, put a letter before each"
        )
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
            f"{where}: column {shown(frame.columns[empty[0]])} is empty in row {row}; fill it, or drop that column "
            "(NA, null and nan count as empty)"
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
