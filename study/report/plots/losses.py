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
POINTS = 48  # epochs that a line shows, spread evenly
LINES: dict[str, Any] = {"train": "-", "validation": (0, (2, 1.5))}
UNTIL = "until no better"  # in place of the steps of a training that stops by its loss
TERMS = {"recon": "D (summed)", "rate": "rate R (nats)"}
KIND = [
    "hidden",
    "activation",
    "output_bias",
    "steps",
    "batch_size",
]  # runs that differ in these are not repetitions


def losses(results: Results, summary: pd.DataFrame) -> Figure | None:
    """D and rate by epoch, a column per α, a colour per β and kind of network; validation is dashed.

    A line is a mean over training runs, and ends where the first of them ends.
    """
    runs = results.runs[["run_id", "alpha", "beta"]].assign(kind=_kinds(results.runs))
    table = results.losses.merge(runs, on="run_id").dropna(subset=["recon"])
    if table.empty:
        return None
    table = _thinned(table)
    alphas = sorted(table["alpha"].unique())
    if len(alphas) > AT_MOST:
        alphas = [alphas[0], alphas[len(alphas) // 2], alphas[-1]]
    looks = sorted(set(table[["beta", "kind"]].itertuples(index=False, name=None)))
    color = dict(zip(looks, style.shades(len(looks)), strict=True))
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
        mean = _means(rows)
        for i, term in enumerate(TERMS):
            for (beta, kind, split), line in mean[term].groupby(level=["beta", "kind", "split"]):
                epoch, look = line.index.get_level_values("epoch"), LINES.get(split, ":")
                grid[i, j].plot(epoch, line, color=color[beta, kind], linestyle=look, linewidth=1.1)
        grid[0, j].set_title(f"α={number(alpha)}")
        grid[1, j].set_xlabel("epoch")
    grid[0, 0].set_yscale("log")
    grid[0, 0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    grid[0, 0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    grid[0, 0].yaxis.set_minor_formatter(NullFormatter())
    for i, label in enumerate(TERMS.values()):
        grid[i, 0].set_ylabel(label)
    handles = [
        Line2D(
            [],
            [],
            color=color[beta, kind],
            linewidth=3,
            label=f"β={number(beta)}{f', {kind}' if kind else ''}",
        )
        for beta, kind in looks
    ]
    handles += [Line2D([], [], color=style.GREY, linestyle=LINES[s], label=s) for s in LINES]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=2 if any(kind for _, kind in looks) else min(8, len(handles)),
    )
    return figure


def _thinned(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of at most `POINTS` epochs, spread evenly over those that every run has which is still trained then."""
    ends = table.groupby("run_id")["epoch"].max()
    at = table.groupby("epoch")["run_id"].nunique()
    every = np.array([epoch for epoch, n in at.items() if n == (ends >= epoch).sum()])
    shown = np.unique(np.linspace(0, len(every) - 1, POINTS).round().astype(int))
    return table[table["epoch"].isin(every[shown])]


def _kinds(runs: pd.DataFrame) -> pd.Series:
    """What tells the networks and trainings of one (α, β) apart, a text per run; empty where they are alike.

    Where training stops by its loss, the number of steps is an outcome, as the seed's luck has it, and no setting.
    """
    if {"steps", "patience"} <= set(runs):
        pairs = zip(runs["steps"], runs["patience"], strict=True)
        runs = runs.assign(steps=[UNTIL if patience else f"{n} steps" for n, patience in pairs])
    cells = runs.groupby(["alpha", "beta"])
    names = [name for name in KIND if name in runs and cells[name].nunique().max() > 1]
    units = {"output_bias": "bias {}", "batch_size": "batches of {}"}
    parts = [[units.get(name, "{}").format(value) for value in runs[name]] for name in names]
    return pd.Series([", ".join(row) for row in zip(*parts, strict=True)] if parts else "", index=runs.index)


def _means(rows: pd.DataFrame) -> Any:
    """Means over runs by β, kind, split and epoch, of the epochs that all runs of a β and kind have."""
    groups = rows.groupby(["beta", "kind", "split", "epoch"])
    runs = rows.groupby(["beta", "kind"])["run_id"].nunique().rename("runs")
    present = groups["run_id"].nunique().to_frame("present").join(runs, on=["beta", "kind"])
    return groups[list(TERMS)].mean()[present["present"] == present["runs"]]
