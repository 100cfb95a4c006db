"""Quality of decoded samples against log q(z): are the worse draws those that fall into holes?"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report import frames
from study.report.plots import style
from study.statistics import interval
from study.tables.results import Results

PANELS = 3
FEWEST = 5  # draws per training run that a bin needs
COLOURS = {"prior": style.ORANGE, "posterior": style.BLUE, "reconstruction": style.GREEN}
LABELS = {"reconstruction": "codes of held-out data"}


class Curve(NamedTuple):
    """Per bin `[k]`: mean log q(z), share of samples in the manifold, and that share's interval over training runs."""

    log_q: np.ndarray
    share: np.ndarray
    low: np.ndarray
    high: np.ndarray


def quality(results: Results, summary: pd.DataFrame) -> Figure | None:
    """Share of samples in the manifold of real data against log q(z), per source, at a few settings."""
    place = results.runs[["run_id", "alpha", "beta", "noise_variance"]]
    table = results.draws.merge(place, on="run_id", validate="many_to_one")
    chosen = frames.spread(frames.settings(table), PANELS)
    if not chosen:
        return None
    figure, grid = style.panels(
        1, len(chosen), height=3.2, title="Are decoded samples worse where q(z) is low?", share_y=True
    )
    for axes, setting in zip(grid[0], chosen, strict=True):
        _panel(axes, frames.at(table, setting))
        axes.set_title(setting.label, fontsize=8)
        axes.set_xlabel("log q(z) (nats)")
    grid[0, 0].set_ylabel("share among real data\n(precision)")
    grid[0, 0].set_ylim(-0.03, 1.03)
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def curve(rows: pd.DataFrame) -> Curve:
    """The curve of one source at one setting, from its rows of `Results.draws`."""
    rows = rows[rows["draws"] > 0]
    enough = rows[rows["draws"] >= FEWEST].sort_values(["bin", "run_id"])
    whole = {b: np.average(own["log_q"], weights=own["draws"]) for b, own in rows.groupby("bin")}
    found = [
        (whole[b], *interval((own["inside"] / own["draws"]).to_numpy(), within=(0.0, 1.0)))
        for b, own in enough.groupby("bin")
    ]
    return Curve(*np.array(found, float).reshape(-1, 4).T)


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    real = rows[rows["source"] == "reconstruction"]
    if len(real):
        hole = real.groupby("run_id")["low"].first().mean()
        axes.axvline(hole, color=style.SOFT, linewidth=1, linestyle=(0, (4, 3)), label="edge of holes")
    for (source, color), mark in zip(COLOURS.items(), style.markers(len(COLOURS)), strict=True):
        own = curve(rows[rows["source"] == source])
        if len(own.log_q):
            axes.plot(own.log_q, own.share, f"{mark}-", color=color, label=LABELS.get(source, source))
            axes.fill_between(
                own.log_q,
                own.low,
                own.high,
                color=color,
                alpha=0.2,
                linewidth=0,
            )
    axes.locator_params(axis="x", nbins=4)
