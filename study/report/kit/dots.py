"""Dot plots with intervals: one panel per question, one row per thing compared, one marker per β."""

import dataclasses
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report.plots import style
from study.report.text.numbers import number


@dataclasses.dataclass(frozen=True, eq=False)
class Panel:
    """The content of one panel.

    Attributes:
        title: the title of the panel.
        table: one row per dot.
        label: the label of the horizontal axis.
        line: position of the vertical line.
        edge: where the axis ends; larger values are written there, not drawn.
    """

    title: str
    table: pd.DataFrame
    label: str = ""
    line: float = 0.0
    edge: float = np.inf


def dots(
    panels: Sequence[Panel],
    *,
    rows: list[Any],
    by: str,
    names: tuple[str, str, str] = ("difference", "low", "high"),
    title: str,
    below: str = "",
    dashed: bool = False,
    height: float = 0.5,
    labels: Sequence[str] | None = None,
) -> Figure:
    """A figure with a dot and its interval for every row and every β, in each panel.

    Args:
        panels: from left to right.
        rows: values of the column `by`, from top to bottom.
        by: the column that identifies the rows.
        names: the columns of value, lower and upper end; ends may be missing.
        title: the title of the figure.
        below: a common label of the horizontal axes.
        dashed: draw the vertical line dashed.
        height: inches per row.
        labels: the labels of the rows, if not `rows`.
    """
    betas = sorted({float(beta) for panel in panels for beta in panel.table["beta"].dropna()})
    with style.styled():
        figure, grid = style.panels(1, len(panels), height=height * len(rows) + 1.5, title=title)
        for axes, panel in zip(grid[0], panels, strict=True):
            middle = style.rows_axis(axes, list(labels or rows))
            for i, beta in enumerate(betas):
                own = panel.table[panel.table["beta"] == beta].set_index(by).reindex(rows)[list(names)]
                place = middle + 0.2 * (i - (len(betas) - 1) / 2)
                inside = own.where(~own[names[0]].gt(panel.edge)).clip(upper=panel.edge)
                _dots(axes, inside, place, i, len(betas), label=f"β = {number(beta)}")
            _beyond(axes, panel, by, names[0], dict(zip(rows, middle, strict=True)))
            axes.axvline(panel.line, color=style.INK, linewidth=0.8, linestyle=(0, (4, 3)) if dashed else "-")
            axes.set_title(textwrap.fill(panel.title, style.TITLE // len(panels)))
            axes.set_xlabel(panel.label)
            axes.locator_params(axis="x", nbins=4 if len(panels) > 1 else 8)
        handles = grid[0][0].get_legend_handles_labels()
        figure.legend(
            *handles, loc="outside lower center", frameon=False, ncols=min(5, max(1, len(betas))), title=below or None,
            title_fontsize=9,
        )  # fmt: skip
    return figure


def _dots(axes: Axes, own: pd.DataFrame, place: np.ndarray, i: int, n: int, *, label: str) -> None:
    value, low, high = (own[name].to_numpy(float) for name in own)
    reach = np.nan_to_num(np.clip([value - low, high - value], 0, None))
    axes.errorbar(
        value, place, xerr=reach, fmt=style.markers(n)[i], color=style.shades(n)[i], markersize=4, capsize=2,
        label=label,
    )  # fmt: skip


def _beyond(axes: Axes, panel: Panel, by: str, name: str, middle: dict[Any, float]) -> None:
    """Write the values beyond the edge beside it."""
    far = panel.table[panel.table[name].gt(panel.edge)].sort_values("beta")
    for row, own in far.groupby(by):
        each = (
            f"{number(beta)}: {number(value)}" for beta, value in zip(own["beta"], own[name], strict=True)
        )
        text = f"β = {', '.join(each)} →"
        axes.text(panel.edge, middle[row], text, ha="right", va="center", fontsize=6.5)
