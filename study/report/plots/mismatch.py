"""Does the prior's mismatch with q(z) predict how much a strategy gains over the prior?"""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study.report import frames
from study.report.plots import style
from study.report.text.correlation import spearman
from study.report.text.numbers import interval as interval_text
from study.report.text.numbers import number
from study.report.text.words import word
from study.statistics import interval
from study.tables.results import Results


def mismatch_table(results: Results, summary: pd.DataFrame) -> pd.DataFrame:
    """One row per trained model and key strategy: `frames.mismatch` of the model and the gain over the prior."""
    metric = frames.primary(summary)
    model = frames.models(results)
    if metric is None:
        return pd.DataFrame()
    known = model["identified"] > 0 if "identified" in model else True
    model = model[["alpha", "beta", "seed"]].assign(identified=known).join(frames.mismatch(model))
    values = frames.measured(results, metric)
    sign = frames.gain_sign(frames.direction(summary, metric))
    parts = []
    for strategy in frames.key_strategies(summary, metric):
        if strategy in values and frames.PRIOR in values:
            gain = (sign * (values[strategy] - values[frames.PRIOR])).rename("gain")
            parts.append(
                model.join(gain, how="inner").dropna(subset=["middle", "gain"]).assign(strategy=strategy)
            )
    return pd.concat(parts).reset_index() if parts else pd.DataFrame()


def mismatch(results: Results, summary: pd.DataFrame) -> Figure | None:
    """Bracket on KL(q(z)‖p(z)) of each setting's models against the gain over the prior; Spearman's ρ in titles."""
    table = mismatch_table(results, summary)
    if table.empty:
        return None
    names = list(dict.fromkeys(table["strategy"]))
    alphas, betas = sorted(table["alpha"].unique()), sorted(table["beta"].unique())
    color = dict(zip(betas, style.shades(len(betas)), strict=True))
    marker = dict(zip(alphas, style.markers(len(alphas)), strict=True))
    figure, grid = style.panels(
        1,
        len(names),
        height=3.3,
        title="Does the prior's mismatch with q(z) predict the gain over the prior?",
    )
    for axes, name in zip(grid[0], names, strict=True):
        rows = table[table["strategy"] == name]
        _panel(axes, rows, color, marker)
        rho = spearman(rows["middle"], rows["gain"], groups=rows[["alpha", "beta"]])
        axes.set_title(f"{name}\nρ = {interval_text(*rho)}", fontsize=8)
        axes.set_xlabel("KL(q(z)‖p(z)) (nats)")
    label = word(frames.primary(summary) or "").label
    grid[0, 0].set_ylabel(f"gain over the prior in {label}\nbetter →")
    handles = [Line2D([], [], color=color[b], linewidth=4, label=f"β={number(b)}") for b in betas]
    handles += [
        Line2D([], [], color=style.GREY, marker=marker[a], linestyle="", label=f"α={number(a)}")
        for a in alphas
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), 8))
    return figure


def _panel(axes: Axes, rows: pd.DataFrame, color: Mapping[Any, Any], marker: Mapping[Any, Any]) -> None:
    """One mark per setting: the mean bracket of its models and their mean gain with its interval over trainings."""
    axes.axhline(0, color=style.INK, linewidth=0.9)
    for (alpha, beta), cell in rows.groupby(["alpha", "beta"]):
        low, high = (cell[end].fillna(cell["middle"]).mean() for end in ("lower", "upper"))
        gain, below, above = interval(cell["gain"].to_numpy(float))
        axes.hlines(gain, low, high, color=color[beta], linewidth=1.3)
        if below < above:
            axes.vlines(cell["middle"].mean(), below, above, color=color[beta], linewidth=1.3)
        face = color[beta] if cell["identified"].all() else "none"
        axes.plot(
            *(cell["middle"].mean(), gain),
            **{"linestyle": "", "marker": marker[alpha], "color": color[beta], "markerfacecolor": face},
        )
    axes.locator_params(axis="x", nbins=4)
