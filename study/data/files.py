"""Reading a user's own file into named arrays; what the names mean is `arrays`' business."""

import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np

from study.errors import StudyError

LABEL_COLUMN = "label"


def read_numpy(path: Path) -> dict[str, np.ndarray]:
    """Arrays of an .npz by key, or the one array of an .npy under `x`; never unpickles.

    Raises:
        StudyError: the file is unreadable, torn, or holds Python objects.
    """
    try:
        with path.open("rb") as file:
            content = np.load(file, allow_pickle=False)
            if isinstance(content, np.ndarray):
                return {"x": content}
            return {key: content[key] for key in content.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise StudyError(
            f"{path}: cannot be read as a numpy file of plain arrays ({_one_line(error)}); "
            "write it anew with np.savez or np.save, with numbers or strings rather than Python objects"
        ) from error


def read_csv(path: Path) -> dict[str, np.ndarray]:
    """Numeric columns under `x`, `[N, D]` float64, and the column `label`, if any, under `labels`.

    The first line names every column.

    Raises:
        StudyError: unreadable, no header, no numeric column, a column that is not numeric, or an empty cell.
    """
    import pandas as pd

    try:
        first = pd.read_csv(path, header=None, nrows=1, dtype=str, keep_default_na=False).iloc[0].tolist()
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header lose data
            frame = pd.read_csv(path, low_memory=False, index_col=False)
    except (OSError, ValueError, pd.errors.ParserWarning) as error:  # parser errors are ValueErrors
        raise StudyError(
            f"{path}: cannot be read as CSV ({_one_line(error)}); give a comma-separated file in UTF-8"
        ) from error
    if all(map(_is_number, first)) and first != [str(i) for i in range(len(first))]:
        raise StudyError(f"{path}: the first line holds numbers; put a line of column names above it")
    if "" in first:
        raise StudyError(
            f"{path}: column {first.index('') + 1} has no name; name it, or drop it if it counts rows"
        )
    if frame.empty:
        raise StudyError(f"{path}: has column names but no rows; give at least one row per example")
    empty = frame.columns[frame.isna().any()].tolist()
    if empty:
        row = int(frame[empty[0]].isna().to_numpy().argmax()) + 1
        raise StudyError(
            f"{path}: column {empty[0]!r} is empty in row {row}; fill it or drop that row or column"
        )
    features = frame.drop(columns=LABEL_COLUMN, errors="ignore")
    text = features.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in features.dtypes]].tolist()
    if text:
        raise StudyError(
            f"{path}: column {text[0]!r} is not numeric; drop it, or rename it to {LABEL_COLUMN!r}"
        )
    if features.columns.empty:
        raise StudyError(f"{path}: no numeric column; give at least one besides {LABEL_COLUMN!r}")
    x = features.to_numpy(np.float64)
    if LABEL_COLUMN not in frame:
        return {"x": x}
    labels = frame[LABEL_COLUMN].to_numpy()
    return {"x": x, "labels": labels.astype(str) if labels.dtype == object else labels}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
