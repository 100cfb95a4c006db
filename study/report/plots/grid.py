"""Heat maps over α × β of a strategy's gain over the prior."""

from typing import Any

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from study.report import frames
from study.report.plots import style
from study.report.text.numbers import number
from study.report.text.words import word
from study.tables.results import Results

MARK = {"equivalent": " ≈", "not decided": " ?", "worse": " ✕"}
LIMIT = 100.0  # percent of the gap at which colours end


def gains(results: Results, summary: pd.DataFrame) -> Figure | None:
    """Share of the gap closed in the primary metric per (α, β), a panel per key strategy, one colour scale.

    Settings at which the metric can show no effect are left blank.
    """
    metric = frames.primary(summary)
    rows = frames.per_setting(summary)
    rows = rows[(rows["metric"] == metric) & rows["effect"].notna()]
    grid = frames.settings(rows)
    rows = rows[rows["state"] == "ok"]
    if metric is None or len(grid) < 2:
        return None
    chosen = frames.key_strategies(summary, metric)
    rows = rows[rows["strategy"].isin(chosen)]
    chosen = [s for s in chosen if s in set(rows["strategy"])]
    if not chosen:
        return None
    alphas = sorted({s.alpha for s in grid})
    betas = sorted({s.beta for s in grid})
    columns = max(1, min(len(chosen), 10 // len(betas)))
    lines = -(-len(chosen) // columns)
    figure, axes_grid = style.panels(
        lines,
        columns,
        height=0.7 + lines * (0.8 + max(0.46 * len(alphas), 0.8)),
        title=f"Share of the gap in {word(metric).label} that is closed, in percent, by the weights α and β",
    )
    for axes, strategy in zip(axes_grid.ravel(), chosen, strict=False):
        cells = rows[rows["strategy"] == strategy].assign(gain=lambda r: 100 * r["effect"])
        image = _panel(axes, cells, alphas, betas, Normalize(-LIMIT, LIMIT))
        axes.set_title(strategy)
        axes.set_xlabel("β (weight of the rate)")
    for axes in axes_grid[:, 0]:
        axes.set_ylabel("α (weight of D)")
    used = list(axes_grid.ravel()[: len(chosen)])
    style.hide_unused(axes_grid, len(chosen))
    bar = figure.colorbar(image, ax=used, shrink=0.9, pad=0.02)
    bar.set_label("share of the gap, %\nworse ← prior → better")
    bar.outline.set_visible(False)
    return figure


def _panel(
    axes: Axes, cells: pd.DataFrame, alphas: list[float], betas: list[float], norm: Normalize
) -> QuadMesh:
    value = np.full((len(alphas), len(betas)), np.nan)
    for row in frames.each(cells):
        i, j = alphas.index(row.alpha), betas.index(row.beta)
        value[i, j] = row.gain
        color = "#ffffff" if abs(norm(row.gain) - 0.5) > 0.36 else "#101214"
        centred: dict[str, Any] = {"ha": "center", "va": "center", "color": color}
        text = f"{number(row.gain, 0)}{MARK.get(row.verdict, '')}"
        axes.text(j + 0.5, i + 0.37, text, fontsize=8.5, **centred)
        if np.isfinite(row.noise_variance):
            axes.text(j + 0.5, i + 0.75, f"s = {number(row.noise_variance)}", fontsize=7, **centred)
    seaborn.heatmap(
        value,
        ax=axes,
        cmap=style.GAIN,
        norm=norm,
        cbar=False,
        xticklabels=[number(b) for b in betas],
        yticklabels=[number(a) for a in alphas],
    )
    axes.tick_params(length=0, rotation=0)
    axes.grid(visible=False)
    (image,) = (part for part in axes.collections if isinstance(part, QuadMesh))
    return image
