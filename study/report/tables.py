"""Tables of strategies by metrics, for a page, a README, a paper or a spreadsheet."""

import csv
import dataclasses
import io
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from study.errors import StudyError
from study.report import frames
from study.report.frames import Setting
from study.report.words import MODEL, REFERENCES, interval, word

Format = Literal["md", "latex", "csv", "html"]
TIED = "†"
ARROWS = {"lower": "↓", "higher": "↑", "one": "→1", "none": ""}
LEGEND = (
    "Bold: the best strategy, where the paired interval against the runner-up excludes zero. "
    "†: tied for best. ▲ better and ▼ worse than the prior, = tie. Reference rows do not compete."
)
SIGNS = {"better": "▲", "worse": "▼", "tie": "="}


@dataclasses.dataclass(frozen=True)
class Column:
    """A metric: its name, heading, arrow towards better, power of ten that its cells are multiplied by, words."""

    metric: str
    label: str
    better: str
    power: int
    meaning: str

    @property
    def heading(self) -> str:
        """Label, scale and arrow."""
        scale = " ×10" + str(self.power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")) if self.power else ""
        return f"{self.label}{scale} {ARROWS.get(self.better, '')}".strip()


@dataclasses.dataclass(frozen=True)
class Cell:
    """Texts of one measurement: mean with interval, paired difference from the prior; and how it stands."""

    mean: str = "—"
    short: str = "—"
    difference: str = ""
    verdict: str = "none"
    standing: str = ""
    value: float = float("nan")

    @property
    def sign(self) -> str:
        """▲, ▼ or = against the prior; empty where there is nothing to say."""
        return SIGNS.get(self.verdict, "")


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of cells by strategy; `reference[i]` says whether row i is a reference row."""

    columns: Sequence[Column]
    names: Sequence[str]
    cells: Sequence[Sequence[Cell]]
    setting: Setting | None = None

    @property
    def reference(self) -> list[bool]:
        """Whether each row is a reference row."""
        return [name in REFERENCES for name in self.names]


def build(summary: pd.DataFrame, metrics: Sequence[str] | None = None, *, setting: Setting | None = None) -> Table:
    """The table of one setting, or averaged over the grid.

    Raises:
        StudyError: a metric is asked for that the summary does not have.
    """
    rows = frames.averaged(summary) if setting is None else frames.at(summary, setting)
    rows = rows[(rows["strategy"] != MODEL) & rows["mean"].notna()]
    known = frames.metrics(rows)
    unknown = [m for m in metrics or [] if m not in set(summary["metric"])]
    if unknown:
        raise StudyError(f"table: no metric {unknown[0]!r} in the summary; it has {', '.join(known) or 'none'}")
    chosen = list(known if metrics is None else metrics)
    columns = [
        Column(m, word(m).axis, frames.direction(summary, m), _power(summary, m), word(m).meaning) for m in chosen
    ]
    names = frames.strategies(rows)
    found = {(r.strategy, r.metric): r for r in rows.itertuples()}
    cells = [[_cell(found.get((name, c.metric)), c) for c in columns] for name in names]
    return Table(columns, names, cells, setting)


def _power(summary: pd.DataFrame, metric: str) -> int:
    """3 or 6 where a column's typical value would otherwise begin with many zeros; one choice for all tables."""
    rows = summary[(summary["metric"] == metric) & ~summary["strategy"].isin(REFERENCES)]
    typical = rows["mean"].abs().median()
    return 0 if not np.isfinite(typical) or typical >= 0.03 or typical == 0 else 3 if typical >= 3e-5 else 6


def _cell(row: object, column: Column) -> Cell:
    if row is None:
        return Cell()
    scale = 10.0**column.power
    get = {name: getattr(row, name) for name in ("mean", "low_mean", "high_mean", "difference", "low", "high")}
    differs = np.isfinite(get["difference"]) and getattr(row, "strategy") != frames.PRIOR  # noqa: B009
    return Cell(
        mean=interval(get["mean"], get["low_mean"], get["high_mean"], scale=scale),
        short=interval(get["mean"], np.nan, np.nan, scale=scale),
        difference=interval(get["difference"], get["low"], get["high"], scale=scale) if differs else "",
        verdict=str(getattr(row, "verdict")),  # noqa: B009
        standing=str(getattr(row, "standing") or ""),  # noqa: B009
        value=float(get["mean"]),
    )


def table(
    summary: pd.DataFrame,
    metrics: Sequence[str] | None = None,
    fmt: Format = "md",
    *,
    setting: Setting | None = None,
    show: Literal["mean", "difference"] = "mean",
) -> str:
    """Strategy × metric as text: the mean with its 95 % interval, or the paired difference from the prior.

    Args:
        summary: what `study.statistics` makes.
        metrics: which columns, all by default.
        fmt: "md", "latex" (booktabs), "csv" (unrounded numbers) or "html" (a bare table).
        setting: one (α, β); averaged over the grid by default.
        show: what a cell holds; csv holds both.

    Raises:
        StudyError: an unknown format or metric.
    """
    writers: dict[str, Callable[[Table, str], str]] = {"md": _markdown, "latex": _latex, "html": _html}
    if fmt == "csv":
        return _csv(summary, build(summary, metrics, setting=setting))
    if fmt not in writers:
        raise StudyError(f"table: no format {fmt!r}; choose md, latex, csv or html")
    return writers[fmt](build(summary, metrics, setting=setting), show)


def _text(cell: Cell, show: str) -> str:
    return cell.mean if show == "mean" else cell.difference or "—"


def _markdown(made: Table, show: str) -> str:
    lines = [
        "| strategy | " + " | ".join(c.heading for c in made.columns) + " |",
        "|---|" + "---|" * len(made.columns),
    ]
    for name, cells, reference in zip(made.names, made.cells, made.reference, strict=True):
        texts = []
        for cell in cells:
            text = _text(cell, show)
            text = f"**{text}**" if cell.standing == "best" else text + TIED * (cell.standing == "tied")
            texts.append(f"{text} {cell.sign}".strip() if show == "difference" else text)
        name = name.replace("|", "\\|")
        lines.append(f"| {f'*{name}*' if reference else name} | " + " | ".join(texts) + " |")
    return "\n".join(lines) + "\n"


_LATEX = str.maketrans(
    {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
     "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", "−": "$-$", "α": r"$\alpha$", "β": r"$\beta$",
     "↓": r"$\downarrow$", "↑": r"$\uparrow$", "→": r"$\rightarrow$", "×": r"$\times$", "—": "---",
     "∞": r"$\infty$", "†": r"$^\dagger$", "⁻": "$^{-}$"}
    | {digit: f"$^{i}$" for i, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
)  # fmt: skip


def _latex(made: Table, show: str) -> str:
    lines = [
        r"\begin{tabular}{l" + "r" * len(made.columns) + "}",
        r"\toprule",
        "strategy & " + " & ".join(c.heading.translate(_LATEX) for c in made.columns) + r" \\",
        r"\midrule",
    ]
    before = False
    for name, cells, reference in zip(made.names, made.cells, made.reference, strict=True):
        if reference and not before and lines[-1] != r"\midrule":
            lines.append(r"\midrule")
        before = reference
        texts = []
        for cell in cells:
            text = _text(cell, show).translate(_LATEX)
            texts.append(
                rf"\textbf{{{text}}}" if cell.standing == "best" else text + r"$^\dagger$" * (cell.standing == "tied")
            )
        lines.append(" & ".join([name.translate(_LATEX), *texts]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _html(made: Table, show: str) -> str:
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(c.heading) for c in made.columns)
    body = []
    for name, cells in zip(made.names, made.cells, strict=True):
        texts = []
        for cell in cells:
            text = escape(_text(cell, show))
            if cell.standing == "best":
                text = Markup("<strong>{}</strong>").format(text)
            texts.append(Markup("<td>{}{}</td>").format(text, TIED * (cell.standing == "tied")))
        body.append(Markup('<tr><th scope="row">{}</th>{}</tr>\n').format(name, Markup("").join(texts)))
    caption = Markup("<caption>{}</caption>").format(LEGEND)
    return str(
        Markup('<table>{}\n<thead><tr><th scope="col">strategy</th>{}</tr></thead>\n<tbody>\n{}</tbody></table>\n').format(
            caption, head, Markup("").join(body)
        )
    )


def _csv(summary: pd.DataFrame, made: Table) -> str:
    rows = frames.averaged(summary) if made.setting is None else frames.at(summary, made.setting)
    rows = rows[rows["metric"].isin([c.metric for c in made.columns]) & rows["strategy"].isin(made.names)]
    order = {name: rank for rank, name in enumerate(made.names)}
    rows = rows.sort_values(["metric", "strategy"], key=lambda c: c.map(order) if c.name == "strategy" else c)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows(rows.itertuples(index=False, name=None))
    return out.getvalue()
