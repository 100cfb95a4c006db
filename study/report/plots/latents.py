"""The latents: KL per dimension, and a map of q(z) if there are two dimensions."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import MaxNLocator

from study.report import frames
from study.report.plots import style
from study.tables.results import Results

AT_MOST = 9  # panels of the KL figure
COLUMNS = 3
MAPS = 4  # panels of the map
CELLS = 90  # grid points along one side of the map
DENSITY = LinearSegmentedColormap.from_list("density", [(0.18, 0.5, 0.76, 0.12), (0.18, 0.5, 0.76, 0.9)])


def per_dimension(results: Results, summary: pd.DataFrame) -> Figure | None:
    """Rate of each latent dimension, split into mutual information and marginal KL, per (α, β).

    Dimensions are sorted by rate within each model, and the sorted values averaged over models.
    """
    table = results.latents[results.latents["kl"].notna()]
    grid = frames.settings(table)
    if not grid:
        return None
    whole = {s.alpha for s in grid}, {s.beta for s in grid}
    if len(whole[0]) * len(whole[1]) == len(grid) <= AT_MOST and len(whole[1]) <= COLUMNS:
        columns = len(whole[1])
    else:
        grid = frames.spread(grid, AT_MOST)
        columns = min(COLUMNS, len(grid))
    lines = -(-len(grid) // columns)
    figure, axes_grid = style.panels(
        lines,
        columns,
        height=1.35 * lines + 0.85,
        share_x=len(set(table["latent_dim"])) == 1,
        title="Where the rate goes: each latent dimension, sorted",
    )
    for axes, setting in zip(axes_grid.ravel(), grid, strict=False):
        rows = frames.at(table, setting)
        bars(axes, rows)
        axes.set_title(setting.label, fontsize=8)
    style.hide_unused(axes_grid, len(grid))
    for axes in axes_grid.ravel()[max(0, len(grid) - columns) : len(grid)]:
        axes.set_xlabel("latent dimension, by rank")
    figure.supylabel("rate (nats)", fontsize=9)
    handles, labels = axes_grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def bars(axes: Axes, rows: pd.DataFrame) -> None:
    """Stacked bars of the ranked dimensions of one setting, from the table `latents`."""
    ranked = rows.sort_values("kl", ascending=False).assign(rank=lambda r: r.groupby("run_id").cumcount() + 1)
    mean = ranked.groupby("rank")[["marginal_kl", "mutual_information"]].mean()
    active = rows.groupby("run_id")["active"].sum().mean()
    axes.bar(
        mean.index,
        mean["mutual_information"],
        color=style.BLUE,
        label="mutual information of dimension and x",
    )
    axes.bar(
        mean.index,
        mean["marginal_kl"],
        bottom=mean["mutual_information"],
        color=style.ORANGE,
        hatch="////",
        edgecolor=style.PAPER,
        linewidth=0,
        label="marginal KL(q(zⱼ)‖p(zⱼ))",
    )
    axes.grid(visible=False, axis="x")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    text = f"{active:.3g} of {len(mean)} active"
    axes.text(0.98, 0.95, text, transform=axes.transAxes, ha="right", va="top", fontsize=8)


@style.styled()
def code_map(results: Results, summary: pd.DataFrame) -> Figure | None:
    """Map of a two-dimensional q(z): means and density, with circles of the prior; None if d is not 2."""
    runs = results.runs[results.runs["run_id"].map(lambda r: f"{r}/codes" in results.samples)]
    runs = runs[runs["latent_dim"] == 2]
    chosen = frames.spread(frames.settings(runs), MAPS)
    if not chosen:
        return None
    first = [frames.at(runs, s).sort_values("seed")["run_id"].iloc[0] for s in chosen]
    codes = [np.asarray(results.samples[f"{run}/codes"], float) for run in first]
    reach = max(map(reach_of, codes))
    columns = min(2, len(chosen))
    lines = -(-len(chosen) // columns)
    figure, grid = style.panels(
        lines,
        columns,
        height=3.3 * lines + 0.5,
        share_x=True,
        title="q(z) (blue density, dots are means) against the prior (circles)",
    )
    for axes, setting, code in zip(grid.ravel(), chosen, codes, strict=False):
        draw_map(axes, code, reach)
        axes.set_title(setting.label)
    for axes in grid[-1]:
        axes.set_xlabel("z₁")
    for axes in grid[:, 0]:
        axes.set_ylabel("z₂")
    style.hide_unused(grid, len(chosen))
    return figure


def reach_of(codes: np.ndarray) -> float:
    """Half the side of a map that holds N(0, I) and nearly all means of codes `[m, 2, 2]`."""
    return max(3.3, float(np.quantile(np.abs(codes[:, 0]), 0.995)) * 1.1)


def aggregate_density(codes: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Density of the mixture of N(mean, diag exp log_var), codes `[m, 2, 2]`, on a grid: `[len(y), len(x)]`.

    Components are diagonal, so the grid is a product of two `[side, m]` arrays, and nothing larger is kept in memory.
    """
    mean, scale = codes[:, 0], np.exp(0.5 * codes[:, 1])
    along = [
        np.exp(-0.5 * ((points[:, None] - mean[:, j]) / scale[:, j]) ** 2)
        / (np.sqrt(2 * np.pi) * scale[:, j])
        for j, points in enumerate((x, y))
    ]
    return along[1] @ along[0].T / len(codes)


def draw_map(axes: Axes, codes: np.ndarray, reach: float) -> None:
    """Density and means of codes `[m, 2, 2]` (mean and log-variance of two dimensions), and circles of N(0, I)."""
    side = np.linspace(-reach, reach, CELLS)
    density = aggregate_density(codes, side, side)
    levels = np.linspace(0.03, 1, 9) * density.max()
    axes.contourf(side, side, density, levels=levels, cmap=DENSITY, zorder=0).set_rasterized(True)
    axes.scatter(
        codes[:, 0, 0], codes[:, 0, 1], s=1.5, color=style.INK, alpha=0.4, linewidths=0, rasterized=True
    )
    for radius in (1, 2, 3):
        axes.add_patch(Circle((0, 0), radius, fill=False, edgecolor=style.ORANGE, linewidth=1.2))
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal")
