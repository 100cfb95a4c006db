"""The strategy × metric table as plain values, before it is written in some format."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.errors import StudyError
from study.report import frames
from study.report.frames import Setting
from study.report.text.numbers import SUPERSCRIPT, decimals, interval, number
from study.report.text.words import MODEL, REFERENCES, word

TIED = "†"
ARROWS = {"lower": "↓", "higher": "↑", "one": "→1", "none": ""}
LEGEND = (
    f"{TIED}: may be the best; with 95 % the best is among those marked. Bold: the only one that may be. Against the "
    "prior: ▲ better, ▼ worse, ≈ equivalent within 5 % of the gap, ? not decided; no sign where the metric cannot "
    "tell. Averages leave out settings where the metric can show no effect. Rows of reference, in italics, do not "
    "compete."
)
UNSEEN = (
    " After a ?: the smallest effect, as a share of the gap, that this many training runs would have shown."
)
FROM_ONE = "averaged over settings as the distance from 1, so that too little and too much do not cancel"
SIGNS = {"better": "▲", "worse": "▼", "equivalent": "≈", "not decided": "?"}


@dataclasses.dataclass(frozen=True)
class MetricColumn:
    """A column of the table: its cells are multiplied by ten to the `power` and have `places` decimals."""

    metric: str
    label: str
    better: str
    power: int
    places: int
    meaning: str
    settings: str = ""

    @property
    def heading(self) -> str:
        """The heading: label, scale and arrow."""
        scale = " ×10" + str(self.power).translate(SUPERSCRIPT) if self.power else ""
        scale += f" ({self.settings})" if self.settings else ""
        return f"{self.label}{scale}\N{NO-BREAK SPACE}{ARROWS.get(self.better, '')}".strip()


@dataclasses.dataclass(frozen=True)
class TableCell:
    """Texts of one measurement: mean and paired difference from the prior, with intervals; verdict and standing.

    `unseen` belongs to what is not decided: true effects below this share of the gap would probably not be seen.
    """

    mean: str = "—"
    difference: str = ""
    verdict: str = "none"
    standing: str = ""
    value: float = float("nan")
    unseen: str = ""

    @property
    def sign(self) -> str:
        """▲, ▼, ≈ or ? against the prior; empty if there is no verdict."""
        return SIGNS.get(self.verdict, "")


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of cells by strategy; reference rows are last."""

    columns: Sequence[MetricColumn]
    names: Sequence[str]
    cells: Sequence[Sequence[TableCell]]
    setting: Setting | None = None

    @property
    def groups(self) -> list[list[tuple[str, Sequence[TableCell]]]]:
        """Rows `(name, cells)` in two groups: strategies, then reference rows."""
        rows = list(zip(self.names, self.cells, strict=True))
        return [[row for row in rows if (row[0] in REFERENCES) == reference] for reference in (False, True)]


def build(
    summary: pd.DataFrame, metrics: Sequence[str] | None = None, *, setting: Setting | None = None
) -> Table:
    """The table of one setting, or averaged over the grid.

    Without `metrics` it has all of them, except that the first of `frames.NOVELTY` stands for the novelty measures.

    Raises:
        StudyError: the summary lacks one of the `metrics`.
    """
    summary = frames.known(summary)
    rows = frames.averaged(summary) if setting is None else frames.at(summary, setting)
    rows = rows[(rows["strategy"] != MODEL) & rows["mean"].notna()]
    known = frames.metrics(rows)
    main = [m for m in known if m not in frames.NOVELTY[1:]]  # novelty has a table of its own
    unknown = [m for m in metrics or [] if m not in set(summary["metric"])]
    if unknown:
        raise StudyError(
            f"table: no metric {unknown[0]!r} in the summary; it has {', '.join(known) or 'none'}"
        )
    columns = [_column(summary, m, averaged=setting is None) for m in (main if metrics is None else metrics)]
    return filled(rows, columns, setting)


def filled(rows: pd.DataFrame, columns: Sequence[MetricColumn], setting: Setting | None = None) -> Table:
    """The table with these columns, which may be those of other models, of the rows of one setting or of averages."""
    names = frames.strategies(rows)
    found = {(row["strategy"], row["metric"]): row for row in rows.to_dict("records")}
    cells = [[_cell(found.get((name, column.metric)), column) for column in columns] for name in names]
    return Table(columns, names, cells, setting)


def _column(summary: pd.DataFrame, metric: str, *, averaged: bool) -> MetricColumn:
    """The scale and number of decimals of a metric in all tables; small means keep 3 significant digits.

    Of an average it also says how many settings it is over, if these are not all.
    """
    rows = summary[(summary["metric"] == metric) & ~summary["strategy"].isin(REFERENCES)]
    sizes = rows["mean"].abs()
    sizes = sizes[np.isfinite(sizes) & (sizes > 0)]
    typical, small = (float(sizes.quantile(q)) for q in (0.5, 0.25)) if len(sizes) else (1.0, 1.0)
    power = 0 if typical >= 0.03 or word(metric).unit else 3 if typical >= 3e-5 else 6
    places = decimals(small * 10.0**power)
    label, better, meaning = word(metric).axis, frames.direction(summary, metric), word(metric).meaning
    if averaged and better == "one":
        label, better, meaning = f"|{label} − 1|", "lower", f"{meaning}; {FROM_ONE}"
    return MetricColumn(
        metric,
        label,
        better,
        power,
        places,
        meaning,
        _over(summary[summary["metric"] == metric]) if averaged else "",
    )


def _over(rows: pd.DataFrame) -> str:
    """ "7 of 9 settings", or nothing where all settings count, or none does."""
    every, average = len(frames.settings(rows)), rows[rows["alpha"].isna()]
    used = int(average["settings"].max()) if len(average) else every
    return f"{used} of {every} settings" if used < every else ""


def _cell(row: Any, column: MetricColumn) -> TableCell:
    if row is None:
        return TableCell()
    scale = 10.0**column.power
    places = min(
        column.places, max(0, decimals(scale * row["mean"]) + 1)
    )  # at most four digits of a large mean
    paired = np.isfinite(row["difference"]) and row["strategy"] != frames.PRIOR
    marked = column.metric not in frames.OTHER  # costs and novelty are reported without a winner
    if column.metric in frames.COST:  # dominated by the first call, so an interval is meaningless
        return TableCell(mean=number(row["mean"]), value=float(row["mean"]))
    return TableCell(
        mean=interval(row["mean"], row["low_mean"], row["high_mean"], scale=scale, places=places),
        difference=interval(row["difference"], row["low"], row["high"], scale=scale, places=places)
        if paired
        else "",
        verdict=row["verdict"] if marked and row["verdict"] in SIGNS else "none",
        standing=row["standing"] if marked and row["standing"] in ("best", "may be best") else "",
        value=float(row["mean"]),
        unseen=f"{number(100 * row['detectable'], 0)} %"
        if marked and row["verdict"] == "not decided" and np.isfinite(row["detectable"])
        else "",
    )
