"""Strategies side by side: paired differences from the prior, and novelty."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report import frames
from study.report.plots import style
from study.report.text.numbers import number
from study.report.text.words import REFERENCES, word
from study.tables.results import Results

AT_MOST = 8  # panels


def differences(results: Results, summary: pd.DataFrame) -> Figure | None:
    """Strategy × metric: difference from the prior on the same trained model, with 95 % intervals.

    Outlying strategies would compress all others, so an axis ends at 2.5 times the third quartile of the strategies'
    largest absolute ends; a value beyond it is written at the edge, with an arrow.
    """
    rows = frames.averaged(summary)
    rows = rows[rows["metric"].isin(frames.QUALITY) & rows["difference"].notna()]
    names = [s for s in frames.strategies(rows) if s != frames.PRIOR]
    metrics = frames.metrics(rows[rows["strategy"] != frames.PRIOR])[:AT_MOST]
    if not metrics or not names:
        return None
    references = [i for i, name in enumerate(names) if name in REFERENCES]
    columns = min(4, len(metrics))
    lines = -(-len(metrics) // columns)
    figure, grid = style.panels(
        lines,
        columns,
        height=lines * (0.21 * len(names) + 0.85) + 0.55,
        title="Each strategy minus the prior, on the same trained model",
    )
    for axes, metric in zip(grid.ravel(), metrics, strict=False):
        position = style.rows_axis(axes, names, gap_before=references[0] if references else None)
        chosen = rows[rows["metric"] == metric].set_index("strategy").reindex(names)
        _difference_panel(axes, position, chosen)
        better, label = frames.direction(summary, metric), word(metric).label
        # What is best at 1 is compared by its distance from 1, of which less is better.
        axes.set_title(f"|{label} − 1|" if better == "one" else label)
        axes.set_xlabel(f"difference\n{style.better_arrow('lower' if better == 'one' else better)}")
    style.hide_unused(grid, len(metrics))
    told = set(rows.loc[rows["metric"].isin(metrics[: grid.size]) & rows["strategy"].isin(names), "verdict"])
    handles = style.verdict_handles([name for name in style.VERDICT_LABEL if name in told])
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def _difference_panel(axes: Axes, position: np.ndarray, rows: pd.DataFrame) -> None:
    low, high = _limits(rows)
    axes.axvline(0, color=style.INK, linewidth=0.9)
    for y, row in zip(position, frames.each(rows), strict=True):
        if not np.isfinite(row.difference):
            continue
        color = style.VERDICT.get(row.verdict, style.GREY)
        if not low <= row.difference <= high:
            _beyond(axes, y, row.difference, (low, high), color)
            continue
        ends = np.clip([row.low, row.high], low, high)
        axes.plot(ends, [y, y], color=color, linewidth=1.6, solid_capstyle="butt")
        axes.plot(
            row.difference,
            y,
            marker=style.VERDICT_MARKER.get(row.verdict, "o"),
            color=color,
            markerfacecolor=style.PAPER if row.verdict in style.OPEN else color,
        )
    axes.set_xlim(low, high)
    axes.locator_params(axis="x", nbins=3)


def _limits(rows: pd.DataFrame) -> tuple[float, float]:
    ends = rows[["difference", "low", "high"]].to_numpy(float)
    contestants = ~rows.index.isin(REFERENCES)
    inner = ends[contestants] if np.isfinite(ends[contestants]).any() else ends
    reach = np.nanmax(np.abs(inner[np.isfinite(inner).any(axis=1)]), axis=1)
    limit = 2.5 * float(np.quantile(reach, 0.75)) or 1.0
    low, high = max(float(np.nanmin(ends)), -limit), min(float(np.nanmax(ends)), limit)
    low, high = min(low, 0.0), max(high, 0.0)
    margin = 0.08 * (high - low) or 1.0
    return low - margin, high + margin


def novelty(results: Results, summary: pd.DataFrame) -> Figure | None:
    """Share of samples nearer to training data than to held-out data, against that of real data."""
    rows = frames.averaged(summary)
    rows = rows[(rows["metric"] == "nearer_to_train") & rows["mean"].notna()].set_index("strategy")
    names = frames.strategies(rows.reset_index())
    if not names:
        return None
    references = [i for i, name in enumerate(names) if name in REFERENCES]
    figure, grid = style.panels(
        1,
        1,
        height=0.23 * len(names) + 1.35,
        title="Which strategies give samples that lean towards the training data?",
    )
    axes = grid[0, 0]
    position = style.rows_axis(axes, names, gap_before=references[0] if references else None)
    band = (0.5, 0.5)
    if "held-out" in rows.index:
        real = next(frames.each(rows.loc[["held-out"]]))
        known = frames.real_interval(real)
        band = known if np.isfinite(known).all() else (real.mean, real.mean)
        axes.axvspan(*band, color=style.GREEN, alpha=0.18, linewidth=0)
        axes.axvline(real.mean, color=style.GREEN, linestyle="--", label="held-out real data")
    if band[0] <= 0.5 <= band[1]:  # else training and held-out data differ, and ½ is nobody's expectation
        axes.axvline(0.5, color=style.INK, linewidth=0.9, label="½")
    low, high = _around(rows, band)
    for y, row in zip(position, frames.each(rows.reindex(names)), strict=True):
        reference = row.Index in REFERENCES
        color = style.GREY if reference else style.BLUE
        if not low <= row.mean <= high:
            _beyond(axes, y, row.mean, (low, high), color)
            continue
        axes.plot(np.clip([row.low_mean, row.high_mean], low, high), [y, y], color=color, linewidth=1.8)
        axes.plot(row.mean, y, marker="s" if reference else "o", color=color)
    axes.set_xlim(low, high)
    axes.set_xlabel("share nearer to a training example than to a held-out one\ncopying →")
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _around(rows: pd.DataFrame, band: tuple[float, float]) -> tuple[float, float]:
    """Limits that show all strategies and real data; the copycat at 1 is left out, or it would compress the others."""
    shown = rows[~rows.index.isin(set(REFERENCES) - {"held-out"})]
    shown = rows if shown.empty else shown
    ends = shown[["mean", "low_mean", "high_mean"]].to_numpy(float)
    low, high = min(float(np.nanmin(ends)), band[0]), max(float(np.nanmax(ends)), band[1])
    margin = 0.08 * (high - low) or 0.05
    return max(low - margin, -0.02), min(high + 3 * margin, 1.02)


def _beyond(axes: Axes, y: float, value: float, limits: tuple[float, float], color: str) -> None:
    """Write a value that lies beyond the axis at that edge."""
    right = value > limits[1]
    text = f"{number(value)} ▸" if right else f"◂ {number(value)}"
    axes.text(limits[right], y, text, ha="right" if right else "left", va="center", fontsize=7.5, color=color)
