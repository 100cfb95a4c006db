"""Learning curves: reconstruction term and rate by epoch, on training and validation data."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from study.report.plots import style
from study.report.text.numbers import number
from study.tables.results import Results

AT_MOST = 4  # values of α that are shown
POINTS = 80  # epochs that a line shows, spread evenly
LINES: dict[str, Any] = {"train": "-", "validation": (0, (2, 1.5))}
TERMS = {"recon": "D (summed)", "rate": "rate R (nats)"}


def losses(results: Results, summary: pd.DataFrame) -> Figure | None:
    """D and rate by epoch, a column per α, a colour per β, averaged over training runs; validation is dashed."""
    table = results.losses.merge(results.runs[["run_id", "alpha", "beta"]], on="run_id").dropna(
        subset=["recon"]
    )
    if table.empty:
        return None
    ends = table.groupby("run_id")["epoch"].max()
    at = table.groupby("epoch")["run_id"].nunique()
    every = [
        epoch for epoch, n in at.items() if n == (ends >= epoch).sum()
    ]  # where no run has its last epoch alone
    shown = np.unique(np.linspace(0, len(every) - 1, POINTS).round().astype(int))
    table = table[table["epoch"].isin(np.array(every)[shown])]
    alphas = sorted(table["alpha"].unique())
    if len(alphas) > AT_MOST:
        alphas = [alphas[0], alphas[len(alphas) // 2], alphas[-1]]
    betas = sorted(table["beta"].unique())
    color = dict(zip(betas, style.shades(len(betas)), strict=True))
    figure, grid = style.panels(
        2,
        len(alphas),
        height=3.9,
        share_x=True,
        share_y="row",
        title="Training: has it converged, and does it overfit?",
    )
    for j, alpha in enumerate(alphas):
        rows = table[table["alpha"] == alpha]
        mean = rows.groupby(["beta", "split", "epoch"])[list(TERMS)].mean()
        for i, term in enumerate(TERMS):
            for (beta, split), line in mean[term].groupby(level=["beta", "split"]):
                epoch = line.index.get_level_values("epoch")
                grid[i, j].plot(
                    epoch, line, color=color[beta], linestyle=LINES.get(split, ":"), linewidth=1.1
                )
        grid[0, j].set_title(f"α={number(alpha)}")
        grid[1, j].set_xlabel("epoch")
    grid[0, 0].set_yscale("log")
    grid[0, 0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    grid[0, 0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    grid[0, 0].yaxis.set_minor_formatter(NullFormatter())
    for i, label in enumerate(TERMS.values()):
        grid[i, 0].set_ylabel(label)
    handles = [Line2D([], [], color=color[b], linewidth=3, label=f"β={number(b)}") for b in betas]
    handles += [Line2D([], [], color=style.GREY, linestyle=LINES[s], label=s) for s in LINES]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(8, len(handles)))
    return figure
