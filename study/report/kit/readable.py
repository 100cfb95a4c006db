"""Tables for readers: a cell is one text with a value and its interval."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from study.report.text.numbers import interval, number, with_ends
from study.report.text.words import word

Row = Mapping[Any, Any]
Column = str | Callable[[Row], Any]


def readable(table: pd.DataFrame, columns: Mapping[str, Column]) -> pd.DataFrame:
    """A table with these columns: each the name of a column of `table`, or a function of one of its rows.

    A column in which every cell is an empty text is left out.
    """
    rows = table.to_dict("records")
    made = {
        shown: table[source].to_numpy() if isinstance(source, str) else [source(row) for row in rows]
        for shown, source in columns.items()
    }
    return pd.DataFrame({shown: cells for shown, cells in made.items() if any(cell != "" for cell in cells)})


def plain(*names: str) -> dict[str, Column]:
    """These columns unchanged, under their own names."""
    return {name: name for name in names}


def value(
    name: str, places: int | None = None, *, scale: float = 1.0, missing: str = "—"
) -> Callable[[Row], str]:
    """A cell with a number. For columns of settings use `missing="all"`: rows averaged over settings have NaN there."""
    return lambda row: missing if np.isnan(row[name]) else number(scale * row[name], places)


def cell(name: str, *, scale: float = 1.0, places: int | None = None) -> Callable[[Row], str]:
    """A cell with a value and its interval, from `<name>_low` and `<name>_high`."""
    return lambda row: with_ends(row, name, scale=scale, places=places)


def change(
    name: str = "difference", *, scale: float = 1.0, places: int | None = None
) -> Callable[[Row], str]:
    """A cell with a paired difference and its interval, from `low` and `high`."""
    return lambda row: interval(row[name], row["low"], row["high"], scale=scale, places=places)


def direction(row: Row) -> str:
    """A verdict on a quantity that is neither good nor bad: whether it rises or falls."""
    return {"better": "rises", "worse": "falls"}.get(row["verdict"], str(row["verdict"]))


def contrast(own: str, other: str, **how: Any) -> dict[str, Column]:
    """The columns of a table of `paired`: both means, the difference, the verdict, and what would have been seen."""
    seen = value("detectable", how.get("places"), scale=how.get("scale", 1.0))
    means = {name: value(name, how.get("places"), scale=how.get("scale", 1.0)) for name in (own, other)}
    return {**means, "difference": change(**how), "verdict": "verdict", "would be seen": seen}


def several(names: Iterable[str], table: pd.DataFrame, *, named: bool = False) -> dict[str, Column]:
    """A `cell` for each of these columns that has values; with `named` its heading is the metric's label."""
    return {
        word(name).label if named else name: cell(name)
        for name in names
        if name in table and table[name].notna().any()
    }
