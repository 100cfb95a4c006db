"""Strategy × metric tables as text: for a README, a paper, a spreadsheet or a page."""

from collections.abc import Callable, Sequence
from typing import Literal

import pandas as pd
from markupsafe import Markup
from markupsafe import escape as in_html

from study.errors import StudyError
from study.report import frames
from study.report.frames import Setting
from study.report.outside import visible
from study.report.page import escape
from study.report.text.scores import LEGEND, TIED, Table, TableCell, build

Format = Literal["md", "latex", "csv", "html"]


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
        summary: from `study.statistics.summarise`.
        metrics: the columns; all by default.
        fmt: "md", "latex" (booktabs), "csv" (unrounded numbers) or "html" (a bare table).
        setting: one (α, β); by default the average over the grid.
        show: the content of a cell; csv has both.

    Raises:
        StudyError: the format or a metric is unknown.
    """
    writers: dict[str, Callable[[Table, str], str]] = {"md": markdown, "latex": latex, "html": _html}
    if fmt == "csv":
        return _csv(summary, build(summary, metrics, setting=setting))
    if fmt not in writers:
        raise StudyError(f"table: no format {fmt!r}; choose md, latex, csv or html")
    return writers[fmt](build(summary, metrics, setting=setting), show)


def _text(cell: TableCell, show: str) -> str:
    return cell.mean if show == "mean" else cell.difference or "—"


def markdown(made: Table, show: str = "mean") -> str:
    """A GitHub table: bold marks the best, † those that may be the best, italics the reference rows."""
    lines = ["| strategy | " + " | ".join(escape.cell(c.heading) for c in made.columns) + " |"]
    lines.append("|---|" + "---:|" * len(made.columns))
    for emphasis, rows in zip(("", "*"), made.groups, strict=True):
        for name, cells in rows:
            texts = [_marked(cell, _text(cell, show), "**", "**", TIED) for cell in cells]
            if show == "difference":
                texts = [_difference(cell) for cell in cells]
            lines.append(f"| {emphasis}{escape.cell(name)}{emphasis} | " + " | ".join(texts) + " |")
    return "\n".join(lines) + "\n"


def _difference(cell: TableCell) -> str:
    sign = f"{cell.sign} (&lt; {cell.unseen})" if cell.unseen else cell.sign
    return f"{cell.difference or '—'} {sign}".strip()


def _marked(cell: TableCell, text: str, start: str, end: str, tied: str) -> str:
    return (
        f"{start}{text}{end}" if cell.standing == "best" else text + tied * (cell.standing == "may be best")
    )


def latex(made: Table, show: str = "mean") -> str:
    """A booktabs `tabular`: bold marks the best, a dagger those that may be the best."""
    head = " & ".join(["strategy", *(escape.latex(c.heading) for c in made.columns)])
    lines = [rf"\begin{{tabular}}{{l{'r' * len(made.columns)}}}", r"\toprule", rf"{head} \\"]
    for rows in made.groups:
        lines += [r"\midrule"] if rows else []
        for name, cells in rows:
            texts = [
                _marked(cell, _text(cell, show).translate(escape.LATEX), r"\textbf{", "}", r"$^\dagger$")
                for cell in cells
            ]
            lines.append(" & ".join([escape.latex(name), *texts]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def _html(made: Table, show: str) -> str:
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(visible(c.heading)) for c in made.columns)
    body = Markup("")
    for rows in made.groups:
        body += Markup("<tbody>\n")
        for name, cells in rows:
            texts = [
                _marked(cell, in_html(_text(cell, show)), "<strong>", "</strong>", TIED) for cell in cells
            ]
            data = Markup("").join(Markup(f"<td>{text}</td>") for text in texts)
            body += Markup('<tr><th scope="row">{}</th>{}</tr>\n').format(visible(name), data)
        body += Markup("</tbody>\n")
    page = (
        "<table>\n<caption>{}</caption>\n"
        '<thead><tr><th scope="col">strategy</th>{}</tr></thead>\n{}</table>\n'
    )
    return str(Markup(page).format(LEGEND, head, body))


def _csv(summary: pd.DataFrame, made: Table) -> str:
    rows = frames.averaged(summary) if made.setting is None else frames.at(summary, made.setting)
    rows = rows[rows["metric"].isin([c.metric for c in made.columns]) & rows["strategy"].isin(made.names)]
    order = {name: rank for rank, name in enumerate([*(c.metric for c in made.columns), *made.names])}
    rows = rows.sort_values(["metric", "strategy"], key=lambda names: names.map(order))
    return rows.to_csv(index=False, lineterminator="\n")
