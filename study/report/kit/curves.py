"""Curves over settings, with bands or error bars, on an axis labelled with the settings."""

import dataclasses
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from study.report.plots import style
from study.report.text.numbers import number


@dataclasses.dataclass(frozen=True, eq=False)
class Lines:
    """The content of one panel of curves.

    Attributes:
        title: the title of the panel.
        table: one row per setting, with columns `<name>`, `<name>_low` and `<name>_high` of every curve.
        curves: the columns to draw, with their labels; those without values are left out.
        label: the label of the vertical axis.
        scale: what values are multiplied by.
        log: whether the vertical axis is logarithmic.
        mark: a horizontal line at this value, if it is not None.
    """

    title: str
    table: pd.DataFrame
    curves: Mapping[str, str]
    label: str
    scale: float = 1.0
    log: bool = False
    mark: float | None = None


def lines(
    panels: Sequence[Lines], *, x: str, axis: str, title: str, columns: int = 2, height: float = 2.6
) -> Figure:
    """A figure of curves over the settings of `x`, with 95 % intervals; a curve has one look in all panels.

    Args:
        panels: from left to right, and then down; those without curves are left out.
        x: the column for the horizontal axis, which is logarithmic.
        axis: the label of the horizontal axis.
        title: the title of the figure.
        columns: panels beside each other.
        height: inches per row of panels.
    """
    panels = [panel for panel in panels if set(panel.curves) & set(panel.table)] or panels[:1]
    looks = _looks([list(panel.curves) for panel in panels])
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    with style.styled():
        figure, grid = style.panels(rows, columns, height=height * rows + 0.9, title=title, share_y=False)
        for axes, panel in zip(grid.ravel(), panels, strict=False):
            _lines(axes, panel, x, looks)
            settings = pd.Series(sorted(panel.table[x].unique()))
            setting_axis(axes, settings, axis)
            if sum(len(number(value)) + 1 for value in settings) > style.TITLE // columns:
                axes.tick_params(axis="x", labelrotation=40)
            axes.set_title(textwrap.fill(panel.title, style.TITLE // columns))
            axes.set_ylabel(panel.label)
        style.hide_unused(grid, len(panels))
        handles = {
            h.get_label(): h
            for panel in grid.ravel()[: len(panels)]
            for h in panel.get_legend_handles_labels()[0]
        }
        fit = int(np.clip(100 // (max(map(len, handles), default=0) + 6), 1, 4))
        figure.legend([*handles.values()], [*handles], loc="outside lower center", ncols=fit, frameon=False)
    return figure


def _looks(panels: Sequence[Sequence[str]]) -> dict[str, dict[str, Any]]:
    """A colour and a mark for each curve; where there are too many for the colours, they start anew in each panel."""
    names = list(dict.fromkeys(name for panel in panels for name in panel))
    colors = style.shades(len(names))
    if len(names) > len(style.SHADES) and len(names) == sum(map(len, panels)):
        colors = [color for panel in panels for color in style.shades(len(panel))]
    marks = style.markers(len(names))
    return {
        name: {"color": color, "marker": mark} for name, color, mark in zip(names, colors, marks, strict=True)
    }


def _lines(axes: Axes, panel: Lines, x: str, looks: Mapping[str, Mapping[str, Any]]) -> None:
    """The curves of one panel."""
    for name, label in panel.curves.items():
        ends = (name, f"{name}_low", f"{name}_high")
        if name not in panel.table:
            continue
        kept = panel.table.reindex(columns=[x, *ends]).dropna(subset=[name])
        scaled = kept.assign(**{end: panel.scale * kept[end] for end in ends})
        if len(scaled):
            curve(axes, scaled, x, ends, label=label, **looks[name])
    if panel.mark is not None:
        axes.axhline(panel.mark, color=style.SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
    if panel.log:
        log_axis(axes)


def curve(
    axes: Axes, table: pd.DataFrame, x: str, names: tuple[str, str, str], *, band: bool = False, **look: Any
) -> None:
    """Plot a value and its interval over the settings of `x`.

    Args:
        axes: where to draw.
        table: one row per setting.
        x: the column for the horizontal axis.
        names: the columns of value, lower and upper end.
        band: draw a band instead of error bars.
        look: `color`, `marker`, `label` and other arguments of matplotlib's `plot`.
    """
    own = table.sort_values(x)
    value, low, high = (own[name].to_numpy(float) for name in names)
    if band:
        axes.plot(own[x], value, **look)
        axes.fill_between(own[x], low, high, color=look.get("color"), alpha=0.2, linewidth=0)
    else:
        axes.errorbar(own[x], value, yerr=np.clip([value - low, high - value], 0, None), capsize=3, **look)


def noise_axis(table: pd.DataFrame) -> dict[str, str]:
    """`x` and `axis` of `lines` for a table with columns alpha, beta and s: β, which sentences name, if α is 1."""
    if (table["alpha"] == 1).all():
        return {"x": "beta", "axis": "β (s = β/2)"}
    return {"x": "s", "axis": "s = β/(2α)"}


def setting_axis(axes: Axes, settings: pd.Series, label: str) -> None:
    """Make the horizontal axis logarithmic, with one tick per setting."""
    axes.set_xscale("log")
    axes.set_xticks(settings, [number(value) for value in settings])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(label)


def log_axis(axes: Axes) -> None:
    """Make the vertical axis logarithmic, with ticks written as plain numbers."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: number(value))
    axes.yaxis.set_minor_locator(NullLocator())
