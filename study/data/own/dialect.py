"""The form of a table file: what separates cells, how decimals are written, which line names the columns."""

import csv
import dataclasses
import io
import itertools
import re
from collections.abc import Sequence

DELIMITERS = {",": "", ";": "semicolons", "\t": "tabs", "|": "bars", r"\s+": "blanks"}
COMMENT = "#"
_SURE = 8  # columns: a row of so many numbers is hardly in order by chance
_LINES = 50  # after the comments, from which the form is decided
_COMMA = re.compile(r"\s*[+-]?\d+,\d+([eE][+-]?\d+)?\s*")
_POINT = re.compile(r"\s*[+-]?\d*\.\d+([eE][+-]?\d+)?\s*")


@dataclasses.dataclass(frozen=True)
class Dialect:
    """The form of one file.

    Attributes:
        delimiter: a key of `DELIMITERS`.
        decimal: "." or ",".
        names: the names of the columns.
        skip: lines before the first one that is read: blank lines and comments, also those that name the columns.
        named_by_comment: whether a comment names the columns, as `numpy.savetxt` writes them.
        comments: how many lines of comments come first.
        row: the cells of the first row.
    """

    delimiter: str
    decimal: str
    names: tuple[str, ...]
    skip: int
    named_by_comment: bool
    comments: int
    row: tuple[str, ...]

    def said(self, more_comments: int) -> str:
        """What is unusual about the file, with so many comments below, as a phrase; empty if nothing is."""
        left_out = self.comments - self.named_by_comment + more_comments
        parts = [
            f"cells separated by {DELIMITERS[self.delimiter]}" if DELIMITERS[self.delimiter] else "",
            "decimal commas" if self.decimal == "," else "",
            f"{left_out} line{'' if left_out == 1 else 's'} of comments left out" if left_out else "",
        ]
        return ", ".join(part for part in parts if part)

    def cells(self, line: str) -> list[str]:
        """The cells of a line."""
        return cells(line, self.delimiter)


def cells(line: str, delimiter: str) -> list[str]:
    """The cells of a line."""
    if delimiter == r"\s+":
        return line.split()
    try:
        return next(csv.reader(io.StringIO(line), delimiter=delimiter), [])
    except csv.Error:  # a cell that is longer than the reader allows
        return line.split(delimiter)


def dialect_of(text: io.TextIOBase, *, longest: int) -> Dialect:
    """The form of the file that `text` is at the beginning of.

    Raises:
        ValueError: a line is longer than `longest` characters.
    """
    skip, comments, last = 0, 0, ""
    line = _line(text, longest)
    while line and (not line.strip() or line.startswith(COMMENT)):
        if line.startswith(COMMENT):
            comments, last = comments + 1, line
        skip += 1
        line = _line(text, longest)
    first = line
    following: list[str] = []
    while len(following) < _LINES and sum(map(len, following)) < longest and (line := _line(text, longest)):
        if line.strip():
            following.append(line)
    delimiter = _delimiter(first, following[0] if following else "")
    names = cells(first, delimiter)
    above = [name.strip() for name in cells(last.lstrip(COMMENT).strip(), delimiter)]
    by_comment = (
        len(above) == len(names) > 0
        and len(set(above)) == len(above)
        and not any(map(is_number, above))
        and any(map(is_number, names))
    )
    sample = [cell for one in ([first] if by_comment else []) + following for cell in cells(one, delimiter)]
    comma = delimiter != "," and any(map(_COMMA.fullmatch, sample)) and not any(map(_POINT.fullmatch, sample))
    row = names if by_comment else cells(following[0], delimiter) if following else []
    decimal = "," if comma else "."
    return Dialect(
        delimiter, decimal, tuple(above if by_comment else names), skip, by_comment, comments, tuple(row)
    )


def _delimiter(header: str, row: str) -> str:
    """The delimiter by which both lines have equally many cells, above one; else the one with most in the header."""
    counts = {one: (len(cells(header, one)), len(cells(row, one))) for one in DELIMITERS}
    several = {one: found for one, found in counts.items() if found[0] > 1}
    plain = {one: found for one, found in several.items() if one != r"\s+"}
    alike = [one for one, (above, below) in plain.items() if above == below]
    if alike:
        return max(alike, key=lambda one: plain[one][0])
    if plain:
        return max(plain, key=lambda one: plain[one][0])
    same = several and counts[r"\s+"][0] == counts[r"\s+"][1] and all(map(is_number, row.split()))
    return r"\s+" if same else ","


def _line(text: io.TextIOBase, longest: int) -> str:
    line = text.readline(longest)
    if len(line) == longest:
        raise ValueError(f"it has a line of more than {longest} characters")
    return line


def is_number(cell: str) -> bool:
    """Whether a cell is a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def names_columns(numbers: Sequence[str], row: Sequence[str]) -> bool:
    """Whether a first line of numbers names columns, as wavelengths do: in order, unlike those of the next row.

    So do 0, 1, 2, …, as pandas numbers columns without a name.
    """
    if list(numbers) == [str(i) for i in range(len(numbers))]:
        return True
    if len(numbers) < _SURE or len(row) != len(numbers) or not all(map(is_number, row)):
        return False
    return _in_order(numbers) and not _in_order(row)


def _in_order(texts: Sequence[str]) -> bool:
    steps = [float(b) - float(a) for a, b in itertools.pairwise(texts)]
    return all(step > 0 for step in steps) or all(step < 0 for step in steps)
