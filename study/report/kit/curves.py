"""Curves over settings, with bands or error bars, on an axis labelled with the settings."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from study.report.text.numbers import number


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
