"""The gap ladder: how the distance to real data falls from the prior to real data itself, rung by rung."""

import itertools

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report import frames
from study.report.plots import style
from study.report.text.words import REFERENCES, word
from study.strategies.registry import ladder as rungs
from study.tables.results import Results

AT_MOST = 3  # settings


def ladder(results: Results, summary: pd.DataFrame) -> Figure | None:
    """Mean of KID (or FD) with its interval at every rung, from small to large β/α."""
    metric = next((m for m in ("kid", "fd") if (summary["metric"] == m).any()), None)
    if metric is None:
        return None
    rows = summary[(summary["metric"] == metric) & summary["mean"].notna()]
    present = list(rungs(rows["strategy"]))
    if frames.PRIOR not in present or len(present) < 3:
        return None
    chosen = frames.spread(frames.settings(rows), AT_MOST)
    parts = [(s.label, frames.at(rows, s)) for s in chosen]
    columns = min(2, len(parts))
    lines = -(-len(parts) // columns)
    figure, grid = style.panels(
        lines,
        columns,
        height=lines * (0.31 * len(present) + 0.75) + 0.4,
        title=f"The gap ladder: {word(metric).label} from the prior down to real data",
    )
    for axes, (label, cells) in zip(grid.ravel(), parts, strict=False):
        _panel(axes, cells.set_index("strategy").reindex(present))
        axes.set_title(label)
        axes.set_xlabel(f"{word(metric).label}   ← better")
    style.hide_unused(grid, len(parts))
    return figure


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    found = rungs(rows.index)
    names = list(found)
    position = style.rows_axis(axes, [f"{n}\n{rung.measures}".strip() for n, rung in found.items()])
    mean, low, high = (rows[c].to_numpy(float) for c in ("mean", "low_mean", "high_mean"))
    level = np.array([rung.level for rung in found.values()])
    levels = sorted(set(level.tolist()))
    for above, below in itertools.pairwise(levels):
        pairs = list(itertools.product(np.flatnonzero(level == above), np.flatnonzero(level == below)))
        for i, j in pairs:  # dashed if a level has two rungs, which are branches
            dash = "-" if len(pairs) == 1 else (0, (2, 2))
            axes.plot(mean[[i, j]], position[[i, j]], color=style.GREY, linewidth=1, linestyle=dash, zorder=1)
    colors = [style.GREEN if name in REFERENCES else style.BLUE for name in names]
    axes.hlines(position, low, high, colors=colors, linewidth=2)
    axes.scatter(mean, position, color=colors, s=26, zorder=3)
    axes.axvline(0, color=style.INK, linewidth=0.8)
    ends = np.concatenate([mean, low, high, [0.0]])
    margin = 0.04 * np.ptp(ends[np.isfinite(ends)]) or 1.0
    axes.set_xlim(np.nanmin(ends) - margin, np.nanmax(ends) + margin)
    axes.locator_params(axis="x", nbins=4)
