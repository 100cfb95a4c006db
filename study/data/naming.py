"""What messages call the parts of a user's data."""

import dataclasses
from collections.abc import Callable


def numbered(column: int) -> str:
    """The name of a column that has none."""
    return f"column {column} (counted from 0)"


def row_of_split(split: str, row: int) -> str:
    """The name of a row that is known by its place in a split only."""
    return f"row {row} of {split} (counted from 0)"


@dataclasses.dataclass(frozen=True)
class Naming:
    """The words of messages.

    Attributes:
        where: the name of the data.
        column: the name of column j.
        row: the name of the i-th row of a split.
    """

    where: str
    column: Callable[[int], str] = numbered
    row: Callable[[str, int], str] = row_of_split
