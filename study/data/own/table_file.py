"""Reading a .csv file into a frame: its size is checked before parsing, and nothing is silently lost or renamed."""

import contextlib
import csv
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from study.data.own.opening import open_regular, told_path
from study.errors import StudyError
from study.runtime.limits import MAX_BYTES, check_bytes, memory_at_most

if TYPE_CHECKING:
    import pandas as pd

MOST_COLUMNS = 100_000  # pandas takes two seconds and 300 MiB for so many
_BLOCK = 1 << 20
_LONGEST_LINE = 1 << 24  # characters
_CELL = 8  # bytes of a parsed value
_WORK = 6  # parsing takes at most four times the bytes of the values; the rest is a margin
_ALWAYS = 1 << 30  # bytes that parsing may always take, even if the limit is lower
_TOLD = 200  # characters of another program's message that are repeated
_FORM = " as CSV"
_MEND = "give a comma-separated file in UTF-8"


def read_frame(path: Path, *, max_bytes: int = MAX_BYTES) -> "tuple[pd.DataFrame, list[str]]":
    """The rows of a CSV file, and the cells of its first line: the names of columns before pandas makes them unique.

    Raises:
        StudyError: not a regular file, not CSV in UTF-8, or more than `max_bytes`.
    """
    import pandas as pd

    where = told_path(path)
    try:
        with (
            open_regular(path, form=_FORM) as (file, size),
            memory_at_most(_WORK * max_bytes + _ALWAYS, where=where),
            warnings.catch_warnings(),
        ):
            check_bytes(size, limit=max_bytes, where=where, verb="holds")
            lines = _count_lines(file, limit=max_bytes, where=where)
            names = _header(file)
            if len(names) > MOST_COLUMNS:
                raise ValueError(
                    f"it has {len(names)} columns, at most {MOST_COLUMNS} are supported; save it as .npz"
                )
            rows = lines - 1
            verb = f"with {len(names)} columns and about {rows} rows takes"
            check_bytes(rows * len(names) * _CELL, limit=max_bytes, where=where, verb=verb)
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header lose data
            return _parse(file, columns=len(names)), names
    except StudyError:
        raise
    # Parsing and decoding errors of pandas are ValueErrors.
    except (OSError, ValueError, csv.Error, OverflowError, pd.errors.ParserWarning) as error:
        raise StudyError(f"{where}: cannot be read{_FORM} ({one_line(error)}); {_MEND}") from error


def _parse(file: BinaryIO, *, columns: int) -> "pd.DataFrame":
    import pandas as pd

    try:
        return pd.read_csv(file, low_memory=False, index_col=False)
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        if "out of memory" in str(error):
            raise MemoryError from error
        raise ValueError(_torn_row(file, columns, error) or one_line(error)) from error


def _torn_row(file: BinaryIO, columns: int, error: Exception) -> str | None:
    """Where the first row is that is too long or has no end; pandas counts lines differently from an editor."""
    open_quote = "inside string" in str(error)
    with _text(file) as text:
        rows = csv.reader(iter(lambda: _line(text), ""))
        row, line, begins = 0, 1, (0, 1)
        with contextlib.suppress(
            csv.Error
        ):  # a cell that is too long: the one whose quotation mark is not closed
            for cells in rows:
                if len(cells) > columns and not open_quote:
                    return (
                        f"row {row} in line {line} has {len(cells)} cells, but the first line has {columns}"
                    )
                begins = (row, line)
                row, line = row + bool(cells), rows.line_num + 1
            row, line = begins
    return f"row {row} in line {line} opens a quotation mark that is never closed" if open_quote else None


def _count_lines(file: BinaryIO, *, limit: int, where: str) -> int:
    """Number of lines of a file, including blank ones and the end; rewinds the file."""
    lines, read, before = 1, 0, b""
    for block in iter(lambda: file.read(_BLOCK), b""):
        read += len(block)
        check_bytes(read, limit=limit, where=where, verb="holds more than")
        if b"\0" in block:
            line = lines + block[: block.index(b"\0")].count(b"\n")
            raise ValueError(f"it holds a null character in line {line}")
        lines += block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n")
        lines -= before == b"\r" and block[:1] == b"\n"
        before = block[-1:]
    file.seek(0)
    return lines


def _header(file: BinaryIO) -> list[str]:
    """The cells of the first line that is not blank; rewinds the file."""
    with _text(file) as text:
        rows = csv.reader(iter(lambda: _line(text), ""))
        return next((row for row in rows if len(row) > 1 or "".join(row).strip()), [])


@contextlib.contextmanager
def _text(file: BinaryIO) -> Iterator[io.TextIOWrapper]:
    """The file's text from its beginning; rewinds the file afterwards."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        yield text
    finally:
        text.detach()
        file.seek(0)


def _line(text: io.TextIOWrapper) -> str:
    line = text.readline(_LONGEST_LINE)
    if len(line) == _LONGEST_LINE:
        raise ValueError(f"it has a line of more than {_LONGEST_LINE} characters")
    return line


def one_line(error: BaseException) -> str:
    """The message of another program's error in one short line."""
    text = "".join(c if c.isprintable() else " " for c in str(error)[: 4 * _TOLD])
    text = " ".join(text.split()) or type(error).__name__
    return text if len(text) <= _TOLD else f"{text[: _TOLD - 1]}…"
