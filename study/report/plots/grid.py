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
from study.report.text.numbers import SUPERSCRIPT, number
from study.report.text.words import word
from study.tables.results import Results

MARK = {"tie": " =", "worse": " ✕"}


def gains(results: Results, summary: pd.DataFrame) -> Figure | None:
    """Gain over the prior in the primary metric per (α, β), a panel per key strategy, one colour scale.

    A gain is positive if the strategy is better, whichever direction of the metric is the better one.
    """
    metric = frames.primary(summary)
    rows = frames.per_setting(summary)
    rows = rows[(rows["metric"] == metric) & rows["difference"].notna()]
    grid = frames.settings(rows)
    if metric is None or len(grid) < 2:
        return None
    chosen = frames.key_strategies(summary, metric)
    rows = rows[rows["strategy"].isin(chosen)]
    chosen = [s for s in chosen if s in set(rows["strategy"])]
    if not chosen:
        return None
    scale, factor = scaled(rows["difference"].to_numpy(float))
    alphas = sorted({s.alpha for s in grid})
    betas = sorted({s.beta for s in grid})
    limit = float(rows["difference"].abs().max()) * scale or 1.0
    columns = max(1, min(len(chosen), 10 // len(betas)))
    lines = -(-len(chosen) // columns)
    figure, axes_grid = style.panels(
        lines,
        columns,
        height=0.7 + lines * (0.8 + max(0.46 * len(alphas), 0.8)),
        title=f"Gain over the prior in {word(metric).label}{factor}, by the weights α and β",
    )
    sign = frames.gain_sign(frames.direction(summary, metric))
    for axes, strategy in zip(axes_grid.ravel(), chosen, strict=False):
        cells = rows[rows["strategy"] == strategy].assign(gain=lambda r: sign * scale * r["difference"])
        image = _panel(axes, cells, alphas, betas, Normalize(-limit, limit))
        axes.set_title(strategy)
        axes.set_xlabel("β (weight of the rate)")
    for axes in axes_grid[:, 0]:
        axes.set_ylabel("α (weight of D)")
    used = list(axes_grid.ravel()[: len(chosen)])
    style.hide_unused(axes_grid, len(chosen))
    bar = figure.colorbar(image, ax=used, shrink=0.9, pad=0.02)
    bar.set_label(f"gain{factor}\nworse ← prior → better")
    bar.outline.set_visible(False)
    return figure


def scaled(values: np.ndarray) -> tuple[float, str]:
    """A power of 1000 that brings the median of |`values`| near 1, and its text for an axis label."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    typical = float(np.median(sizes)) if sizes.size else 1.0
    if typical >= 0.03:
        return 1.0, ""
    exponent = 3 * max(1, round(-np.log10(typical) / 3))
    return 10.0**exponent, " × 10" + str(exponent).translate(SUPERSCRIPT)


def _panel(
    axes: Axes, cells: pd.DataFrame, alphas: list[float], betas: list[float], norm: Normalize
) -> QuadMesh:
    value = np.full((len(alphas), len(betas)), np.nan)
    for row in frames.each(cells):
        i, j = alphas.index(row.alpha), betas.index(row.beta)
        value[i, j] = row.gain
        color = "#ffffff" if abs(norm(row.gain) - 0.5) > 0.36 else "#101214"
        centred: dict[str, Any] = {"ha": "center", "va": "center", "color": color}
        text = f"{number(row.gain, 2)}{MARK.get(row.verdict, '')}"
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
