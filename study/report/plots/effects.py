"""The effects: which share of the gap each strategy closes, and at which settings."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study.report import frames
from study.report.plots import style
from study.report.text.numbers import number
from study.report.text.words import REFERENCES, STRATEGIES, in_order, word
from study.tables.names import MODEL
from study.tables.results import Results

LEAST = -30.0  # percent at which the axis of effects ends at the latest; what is worse has a number
SHOWN = ("reconstruction", "copycat")  # rows of reference whose share of the gap says something
FAINT = 0.55  # opacity of the dots of single settings
MOST = 4  # strategies with a line over the settings
LEFT_OUT = {  # why a setting is, in the words of a legend
    "nothing to gain": "prior not told from real data",
    "no decoder to speak of": "decoder no better than noise",
    "cannot tell": "metric cannot tell",
    "no floor": "no held-out scores",
}


def effects(results: Results, summary: pd.DataFrame) -> Figure | None:
    """Share of the gap closed by each strategy, averaged, with its interval; each setting is a faint dot."""
    metric = frames.primary(summary)
    rows = _of(frames.averaged(summary), metric)
    names = _ordered(rows)
    if metric is None or not any(name not in REFERENCES for name in names):
        return None
    single = _of(frames.per_setting(summary), metric)
    apart = next((i for i, name in enumerate(names) if name in REFERENCES), None)
    figure, grid = style.panels(
        1,
        1,
        height=0.24 * len(names) + 1.35,
        title=f"Share of the gap in {word(metric).label} that each strategy closes",
    )
    axes = grid[0, 0]
    position = style.rows_axis(axes, names, gap_before=apart)
    limits = _limits(rows, single)
    axes.axvline(0, color=style.INK, linewidth=0.9)
    axes.axvline(100, color=style.GREEN, linewidth=0.9, linestyle=(0, (4, 3)))
    for y, row in zip(position, frames.each(rows.set_index("strategy").loc[names]), strict=True):
        dots = 100 * single.loc[single["strategy"] == row.Index, "effect"].to_numpy(float)
        _row(axes, y, row, dots, limits)
    axes.set_xlim(*limits)
    axes.set_xlabel("share of the gap closed, %   (0: as the prior, 100: as real data)   better →")
    figure.legend(
        handles=_legend(rows, several=len(single["alpha"].unique()) > 0), loc="outside lower center", ncols=3
    )
    return figure


def _of(summary: pd.DataFrame, metric: str | None) -> pd.DataFrame:
    """The rows with an effect on a metric, of strategies other than the prior and of some rows of reference."""
    rows = summary[(summary["metric"] == metric) & (summary["state"] == "ok")]
    hidden = {frames.PRIOR, MODEL, *REFERENCES} - set(SHOWN)
    return rows[np.isfinite(rows["effect"].to_numpy(float)) & ~rows["strategy"].isin(hidden)]


def _ordered(rows: pd.DataFrame) -> list[str]:
    """Strategies from the largest effect to the smallest, then rows of reference."""
    own = rows[~rows["strategy"].isin(REFERENCES)].sort_values("effect", ascending=False, kind="stable")
    return [*own["strategy"], *in_order(set(rows["strategy"]) & set(REFERENCES), STRATEGIES)]


def _limits(rows: pd.DataFrame, single: pd.DataFrame) -> tuple[float, float]:
    """Limits in percent with 0 and 100 between them; what lies beyond is written, or marked, at the edge."""
    ends = 100 * rows[["effect", "effect_low", "effect_high"]].to_numpy(float).ravel()
    ends = np.concatenate([ends, 100 * single["effect"].to_numpy(float)])
    ends = ends[np.isfinite(ends)]
    low = max(min(float(ends.min()), 0.0), LEAST)
    high = min(max(float(ends.max()), 100.0), 200.0)
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _row(axes: Axes, y: float, row: Any, dots: np.ndarray, limits: tuple[float, float]) -> None:
    color = style.GREEN if row.Index in REFERENCES else style.VERDICT.get(row.verdict, style.GREY)
    inside = (dots >= limits[0]) & (dots <= limits[1])
    axes.plot(dots[inside], np.full(inside.sum(), y), "o", color=color, alpha=FAINT, markersize=3.5, mew=0)
    _beyond(axes, y, dots, limits, color=color, alpha=FAINT)
    share = 100 * row.effect
    if not limits[0] <= share <= limits[1]:
        right = share > limits[1]
        text = f"{number(share, 0)} % ▸" if right else f"◂ {number(share, 0)} %"
        axes.text(
            limits[right], y, text, ha="right" if right else "left", va="center", fontsize=7.5, color=color,
            bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip
        return
    ends = np.clip([100 * row.effect_low, 100 * row.effect_high], *limits)
    axes.plot(ends, [y, y], color=color, linewidth=1.8, solid_capstyle="butt")
    _beyond(axes, y, np.array([100 * row.effect_low, 100 * row.effect_high]), limits, color=color, alpha=1.0)
    marker = style.VERDICT_MARKER.get(row.verdict, "o") if row.Index not in REFERENCES else "s"
    face = style.PAPER if row.verdict in style.OPEN else color
    axes.plot(share, y, marker=marker, color=color, markerfacecolor=face, markersize=5)


def _beyond(
    axes: Axes, y: float, values: np.ndarray, limits: tuple[float, float], *, color: str, alpha: float
) -> None:
    """Arrow heads at the edges that values lie beyond."""
    for edge, out, mark in ((limits[0], values < limits[0], "<"), (limits[1], values > limits[1], ">")):
        if out.any():
            axes.plot(edge, y, mark, color=color, alpha=alpha, markersize=4, mew=0, clip_on=False)


def _legend(rows: pd.DataFrame, *, several: bool) -> list[Line2D]:
    """Of the marks that are drawn."""
    own = set(rows.loc[~rows["strategy"].isin(REFERENCES), "verdict"])
    handles = style.verdict_handles([name for name in style.VERDICT_LABEL if name in own])
    if rows["strategy"].isin(REFERENCES).any():
        handles.append(
            Line2D([], [], color=style.GREEN, marker="s", linestyle="", label="no latent distribution")
        )
    handles.append(Line2D([], [], color=style.GREEN, linestyle=(0, (4, 3)), label="real held-out data"))
    if several:
        handles.append(
            Line2D(
                [],
                [],
                color=style.GREY,
                marker="o",
                linestyle="",
                alpha=FAINT,
                markersize=3.5,
                label="one setting",
            )
        )
    return handles


def where(results: Results, summary: pd.DataFrame) -> Figure | None:
    """Share of the gap closed against s = β/(2α), the axis that α and β share: a line for each of a few strategies."""
    metric = frames.primary(summary)
    rows = frames.per_setting(summary)
    rows = rows[rows["metric"] == metric]
    place, label = axis_of(rows)
    rows = rows.assign(place=place)
    told = _of(rows, metric)
    names = [
        s for s in frames.key_strategies(summary, metric or "", at_most=MOST) if s in set(told["strategy"])
    ]
    if metric is None or not names or told["place"].nunique() < 2:
        return None
    figure, grid = style.panels(
        1, 1, height=3.3, title=f"Share of the gap in {word(metric).label} closed, by {label.split(' (')[0]}"
    )
    axes = grid[0, 0]
    shades = style.shades(len(names))
    limits = _limits(told[told["strategy"].isin(names)], told[told["strategy"].isin(names)])
    for i, (name, color) in enumerate(zip(names, shades, strict=True)):
        own = told[told["strategy"] == name].sort_values(["place", "alpha"])
        x = own["place"] * 1.07 ** (i - (len(names) - 1) / 2)
        y = np.clip(100 * own["effect"], *limits)
        inside = y == 100 * own["effect"]
        low, high = (np.clip(100 * own[f"effect_{end}"], *limits) for end in ("low", "high"))
        reach = np.nan_to_num(np.clip([y - low, high - y], 0, None))
        for edge, mark in zip(limits, ("v", "^"), strict=True):
            out = ~inside & (y == edge)
            axes.plot(x[out], y[out], mark, color=color, markersize=6, clip_on=False)
        axes.errorbar(
            x[inside],
            y[inside],
            yerr=reach[:, inside],
            fmt=style.markers(len(names))[i],
            color=color,
            capsize=2,
            label=name,
            markersize=5,
        )
        mean = own.assign(y=y).groupby("place")["y"].mean()
        axes.plot(mean.index * 1.07 ** (i - (len(names) - 1) / 2), mean, color=color, linewidth=1)
    _silent(axes, rows, limits)
    axes.axhline(0, color=style.INK, linewidth=0.9)
    axes.axhline(100, color=style.GREEN, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set_ylim(*limits)
    _log_axis(axes, sorted(rows["place"].unique()))
    axes.set_xlabel(label)
    axes.set_ylabel("share of the gap closed, %\nbetter →")
    figure.legend(loc="outside lower center", ncols=min(4, len(names) + 1))
    return figure


def axis_of(rows: pd.DataFrame) -> tuple[pd.Series, str]:
    """The one axis that α and β share, `[rows]`, and its label: s for a Gaussian decoder, else their ratio."""
    if rows["noise_variance"].notna().all():
        return rows["noise_variance"], "s = β/(2α) (noise variance of the decoder)"
    return rows["beta"] / rows["alpha"], "β/α (weight of the rate)"


def _silent(axes: Axes, rows: pd.DataFrame, limits: tuple[float, float]) -> None:
    """Settings that are left out, as marks at the foot of the axis: one mark for each reason."""
    left = rows[rows["state"] != "ok"]
    for mark, (why, own) in zip(("x", "+", "1", "2"), left.groupby("state", sort=False), strict=False):
        places = own["place"].unique()
        foot = np.full(len(places), limits[0] + 0.03 * (limits[1] - limits[0]))
        label = f"left out: {LEFT_OUT.get(str(why), str(why))}"
        axes.plot(places, foot, mark, color=style.GREY, markersize=6, label=label)


def _log_axis(axes: Axes, places: list[float]) -> None:
    axes.set_xscale("log")
    wide = [place for place, before in zip(places, [0.0, *places], strict=False) if place > 1.5 * before]
    axes.set_xticks(wide, [number(place) for place in wide])
    axes.minorticks_off()
