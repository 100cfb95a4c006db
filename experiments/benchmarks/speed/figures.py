"""The figures of the page: how many times faster ours is, and how time grows."""

import itertools
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.benchmarks.speed.cases import OURS
from study.report.plots import style

COLORS = (style.ORANGE, style.GREEN, style.PURPLE, style.GREY, style.INK)  # of the others


def largest(table: pd.DataFrame) -> pd.DataFrame:
    """Of each task the case with the largest value of its last axis, without the machine's own peaks."""
    table = table[table["group"] != "peaks"]
    last = table.groupby("task", sort=False)["axis"].transform("last")
    own = table[table["axis"] == last]
    top = own.groupby("task", sort=False)["value"].transform("max")
    return own[own["value"].isna() | (own["value"] == top)]


def ratios(table: pd.DataFrame) -> Figure | None:
    """A row for each task and other side: the ratio of medians, and the smallest and largest of the pairs."""
    rows = largest(table).dropna(subset=["ratio"])
    rows = rows[~rows["side"].str.startswith(OURS)]
    names = [
        f"{_wrapped(name, 38)}\nagainst {side}" for name, side in zip(rows["name"], rows["side"], strict=True)
    ]
    if not names:
        return None
    lines = len(names) * max(name.count("\n") + 1 for name in names)
    figure, ((axes,),) = style.panels(
        1, 1, height=0.9 + 0.16 * lines, title="How many times faster than the others"
    )
    position = style.rows_axis(axes, names)
    for y, (_, row) in zip(position, rows.iterrows(), strict=True):
        axes.plot([row["ratio_low"], row["ratio_high"]], [y, y], color=style.BLUE, linewidth=1.2)
        axes.plot(row["ratio"], y, "o", color=style.BLUE)
    axes.set_xscale("log")
    axes.axvline(1, color=style.SOFT, linewidth=0.8)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("the other's seconds over ours: median, smallest and largest pair")
    return figure


def growth(table: pd.DataFrame) -> Figure | None:
    """A panel for each task and axis: seconds by the quantity that grows, a line for each side, and the bound."""
    table = table[(table["axis"] != "") & (table["group"] != "peaks")]
    panels = list(table.groupby(["task", "axis"], sort=False))
    if not panels:
        return None
    rows = -(-len(panels) // 3)
    figure, axes = style.panels(rows, 3, height=1.0 + 2.2 * rows, title="How time grows", share_y=False)
    look = _looks([str(side) for side in table["side"].unique()])
    for place, ((task, axis), part) in zip(axes.ravel(), panels, strict=False):
        for side, own in part.groupby("side", sort=False):
            place.plot(own["value"], own["seconds"], **look[str(side)])
        bound = part[part["side"] == OURS]
        if np.isfinite(bound["bound_seconds"]).any():
            place.plot(bound["value"], bound["bound_seconds"], ":", color=style.INK)
        place.set(xscale="log", yscale="log", xlabel=str(axis), ylabel="seconds")
        place.set_title(_wrapped(str(task), 26))
        at = sorted(part["value"].unique())
        place.set_xticks(at, [f"{value:g}" for value in at])
        place.minorticks_off()
    handles = [Line2D([], [], label=side, **own) for side, own in look.items()]
    handles.append(Line2D([], [], color=style.INK, linestyle=":", label="bound"))
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    style.hide_unused(axes, len(panels))
    return figure


def _looks(sides: Sequence[str]) -> dict[str, dict[str, Any]]:
    """How each side is drawn: ours in one colour, dashed if it is not all that we can do."""
    colors = dict(zip((s for s in sides if not s.startswith(OURS)), itertools.cycle(COLORS), strict=False))
    return {
        side: {
            "color": colors.get(side, style.BLUE),
            "marker": mark,
            "linestyle": "-" if side in (OURS, *colors) else "--",
        }
        for side, mark in zip(sides, style.markers(len(sides)), strict=True)
    }


def _wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width))
