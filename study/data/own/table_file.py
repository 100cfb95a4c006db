"""Reading a table file into a frame: its size is checked before parsing, and nothing is silently lost or renamed."""

import contextlib
import csv
import dataclasses
import io
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from study.data.own.dialect import COMMENT, Dialect, dialect_of
from study.data.own.gzipped import GzipStream
from study.data.own.opening import open_regular, told_path
from study.errors import StudyError
from study.runtime.limits import MAX_BYTES, check_bytes, memory_at_most

if TYPE_CHECKING:
    import pandas as pd

Bytes = BinaryIO | io.BytesIO
MOST_COLUMNS = 100_000  # pandas takes two seconds and 300 MiB for so many
EMPTY = (  # what pandas takes for an empty cell
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
)  # fmt: skip
MOST_COMMENTS = 10_000  # lines
_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 20
_LONGEST_LINE = 1 << 24  # characters
_CELL = 8  # bytes of a parsed value
_WORK = 6  # parsing takes at most four times the bytes of the values; the rest is a margin
_ALWAYS = 1 << 30  # bytes that parsing may always take, even if the limit is lower
_TOLD = 200  # characters of another program's message that are repeated
_FORM = " as CSV"
_MEND = "give a comma-separated file in UTF-8"


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """The content of a table file.

    Attributes:
        frame: its rows.
        names: the names of the columns before pandas makes them unique.
        first: the cells of the first row.
        said: what is unusual about the file, a phrase; empty if nothing is.
    """

    frame: "pd.DataFrame"
    names: list[str]
    first: list[str]
    said: str


def read_frame(
    path: Path,
    *,
    max_bytes: int = MAX_BYTES,
    text_column: Callable[[Sequence[str]], str | None] = lambda names: None,
) -> Table:
    """The rows of a table file, packed by gzip or not.

    Args:
        path: of the file.
        max_bytes: the largest unpacked size of the file.
        text_column: chooses by the names of columns one whose cells are kept as texts, `NA` and `None` included.

    Raises:
        StudyError: not a regular file, not a table in UTF-8, or more than `max_bytes`.
    """
    import pandas as pd

    where = told_path(path)
    try:
        with (
            open_regular(path, form=_FORM) as (packed, size),
            memory_at_most(_WORK * max_bytes + _ALWAYS, where=where),
            warnings.catch_warnings(),
        ):
            check_bytes(size, limit=max_bytes, where=where, verb="holds")
            file = _unpacked(packed, max_bytes=max_bytes, where=where)
            lines, remarked = _count_lines(file, limit=max_bytes, where=where)
            with _text(file) as text:
                dialect = dialect_of(text, longest=_LONGEST_LINE)
            names = list(dialect.names)
            if len(names) > MOST_COLUMNS:
                raise ValueError(
                    f"it has {len(names)} columns, at most {MOST_COLUMNS} are supported; save it as .npz"
                )
            rows = lines - 1
            verb = f"with {len(names)} columns and about {rows} rows takes"
            check_bytes(rows * len(names) * _CELL, limit=max_bytes, where=where, verb=verb)
            chosen = text_column(names)
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header lose data
            remarks = _remarks(file, dialect) if remarked else []
            frame = _parse(file, dialect, remarks, chosen)
            return Table(frame, names, list(dialect.row), dialect.said(len(remarks)))
    except StudyError:
        raise
    # Parsing and decoding errors of pandas are ValueErrors.
    except (OSError, ValueError, csv.Error, OverflowError, zlib.error, pd.errors.ParserWarning) as error:
        raise StudyError(f"{where}: cannot be read{_FORM} ({one_line(error)}); {_MEND}") from error


def _unpacked(file: Bytes, *, max_bytes: int, where: str) -> Bytes:
    """The file itself, or the content of a gzip file."""
    packed = file.read(len(_GZIP)) == _GZIP
    file.seek(0)
    if not packed:
        return file
    content = GzipStream(file).read(max_bytes + 1)
    check_bytes(len(content), limit=max_bytes, where=where, verb="unpacks to at least")
    return io.BytesIO(content)


def _parse(file: Bytes, dialect: Dialect, remarks: Sequence[int], chosen: str | None) -> "pd.DataFrame":
    import pandas as pd

    columns: dict[str, Any] = (
        {"header": None, "names": list(dialect.names)} if dialect.named_by_comment else {}
    )
    if chosen is not None:
        columns |= {"dtype": {chosen: object}, "keep_default_na": False}
        columns["na_values"] = {name: EMPTY for name in dialect.names if name != chosen}
    try:
        return pd.read_csv(
            file, sep=dialect.delimiter, decimal=dialect.decimal, skiprows=[*range(dialect.skip), *remarks],
            low_memory=False, index_col=False, **columns,
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        if "out of memory" in str(error):
            raise MemoryError from error
        raise ValueError(_torn_row(file, dialect, error) or one_line(error)) from error


def _remarks(file: Bytes, dialect: Dialect) -> list[int]:
    """The numbers, from 0, of the lines of comments that do not come first.

    Raises:
        ValueError: one has as many cells as a row, or there are too many.
    """
    found = []
    with _text(file) as text:
        for number, line in enumerate(iter(lambda: _line(text), "")):
            if number < dialect.skip or not line.startswith(COMMENT):
                continue
            if len(dialect.cells(line)) == len(dialect.names) > 1:
                raise ValueError(
                    f"line {number + 1} begins with {COMMENT} and has the cells of a row; delete it if it is a "
                    "comment, or put its first cell in quotation marks"
                )
            found.append(number)
            if len(found) > MOST_COMMENTS:
                raise ValueError(f"more than {MOST_COMMENTS} of its lines begin with {COMMENT}; delete them")
    return found


def _torn_row(file: Bytes, dialect: Dialect, error: Exception) -> str | None:
    """Where the first row is that is too long or has no end; pandas counts lines differently from an editor."""
    open_quote = "inside string" in str(error)
    columns = len(dialect.names)
    if dialect.delimiter == r"\s+":
        return None
    with _text(file) as text:
        for _ in range(dialect.skip):
            _line(text)
        rows = csv.reader(iter(lambda: _line(text), ""), delimiter=dialect.delimiter)
        row, line, begins = 0, 1 + dialect.skip, (0, 1)
        with contextlib.suppress(
            csv.Error
        ):  # a cell that is too long: the one whose quotation mark is not closed
            for cells in rows:
                if len(cells) > columns and not open_quote:
                    return (
                        f"row {row} in line {line} has {len(cells)} cells, but the first line has {columns}"
                    )
                begins = (row, line)
                row, line = row + bool(cells), rows.line_num + 1 + dialect.skip
            row, line = begins
    return f"row {row} in line {line} opens a quotation mark that is never closed" if open_quote else None


def _count_lines(file: Bytes, *, limit: int, where: str) -> tuple[int, bool]:
    """Number of lines of a file, including blank ones and the end, and whether some line begins with a comment sign.

    Rewinds the file.
    """
    lines, read, before, remarked = 1, 0, b"", False
    for block in iter(lambda: file.read(_BLOCK), b""):
        read += len(block)
        check_bytes(read, limit=limit, where=where, verb="holds more than")
        if b"\0" in block:
            line = lines + block[: block.index(b"\0")].count(b"\n")
            raise ValueError(f"it holds a null character in line {line}")
        remarked = remarked or any(end + COMMENT.encode() in before + block for end in (b"\n", b"\r"))
        lines += block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n")
        lines -= before == b"\r" and block[:1] == b"\n"
        before = block[-1:]
    file.seek(0)
    return lines, remarked


@contextlib.contextmanager
def _text(file: Bytes) -> Iterator[io.TextIOWrapper]:
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
