"""The section on the rule of thumb: what it says, how far it was off, and a figure of both."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.claims.rule import FITTED_IN, FITTED_ON, ROWS, RULE, Quantity, errors, fitted_to
from study.report import frames
from study.report.figures import Picture, printed, rendered
from study.report.page.blocks import Block, PageSection, Plain, Text
from study.report.plots import style
from study.report.text.numbers import count, listed, number

ANCHOR, TITLE, FIGURE = "rule", "The rule of thumb", "rule"
ONE_SIDED = 0.95  # of the mean error is bias
SEEN = ("digits",)  # known when the form of the curve was chosen, though not fitted to
QUANTITIES: dict[Quantity, str] = {
    "posteriors": "gap closed by q(z)",
    "mixture": "gap closed by a mixture",
    "copied": "copied by q(z)",
    "inauthentic": "copied, by authenticity",
}
SAID: tuple[Quantity, ...] = ("posteriors", "copied", "mixture")
SOURCES = {"rate": "the rate", "s": "s"}
COPIED = (
    "Copied is the share of the way from real held-out data to copies of the training data, in how many samples of "
    "q(z) are nearer to a training example than to a held-out one. On MNIST, Fashion-MNIST and colour patches this "
    "measure flags noise too, which copies nothing, so that there it gives no verdict. Authenticity flags copies, not "
    "noise: the share of samples farther from their nearest training example than that is from its nearest other one. "
    "It was added when all results were known, and has no curve."
)


def sections(points: pd.DataFrame) -> list[PageSection]:
    """The section, from the columns of `schemas.RULE`; none without any place."""
    if points.empty:
        return []
    off = errors(points)
    blocks: list[Block] = [Text(said()), Text(headline(off)), _picture(points), _table(off), Text(COPIED)]
    return [PageSection(ANCHOR, TITLE, blocks)]


def said() -> str:
    """The rule in words."""
    curve, copied = RULE["posteriors", "rate"], RULE["copied", "rate"]
    at = {x: number(100 * float(curve.at(np.asarray(x))), 0) for x in (0.1, 1.0, 3.0)}
    return (
        f"Divide the rate R, the mean KL of an encoding in nats, by log N, N being the number of training examples. "
        f"Exact draws of q(z) close {at[0.1]} % of the KID gap at R = 0.1 log N, {at[1.0]} % at R = log N and "
        f"{at[3.0]} % at 3 log N: xᵖ/(hᵖ + xᵖ) with h = {number(curve.half, 2)} and p = {number(curve.power, 2)}. "
        f"By nearness to training data, which flags noise there too, they copy by half at R = {number(copied.half, 1)} "
        f"log N. Without a model, R is the rate of a linear VAE, "
        f"½ Σ log(λⱼ/s) over the eigenvalues λⱼ > s of the data's covariance, with curves of its own. All were fitted "
        f"on {FITTED_ON.upper()} with {ROWS:,} examples and fixed before results on Fashion-MNIST and colour patches."
    )


def headline(off: pd.DataFrame) -> str:
    """How far the rule is off on data that it was not fitted to, and to which side."""
    own = off[(off["source"] == "rate") & ~off["seen"]]
    closed, copied, mixture = (_misses(own[own["quantity"] == name]) for name in SAID)
    if not closed:
        return "It has met no other data yet."
    also = f", and of what q(z) copies by {copied}" if copied else ""
    also += f". Of the share that a mixture closes it was off by {mixture}" if mixture else ""
    return f"Of the share that q(z) closes it was off, on average over settings, by {closed}{also}."


def _misses(off: pd.DataFrame) -> str:
    """The mean error on each data set in points, with what a reader has to know of it."""
    return listed(
        f"{count(round(100 * row.error), 'point')} on {row.dataset}{_notes(row)}" for row in frames.each(off)
    )


def _notes(row: Any) -> str:
    notes = []
    if row.dataset in SEEN:
        notes.append("known when the curve was chosen")
    if row.dataset == FITTED_ON:
        notes.append("fewer training examples" if row.fewer else "other models")
    if abs(row.bias) >= ONE_SIDED * row.error > 0:
        notes.append("too low" if row.bias < 0 else "too high")
    return f" ({'; '.join(notes)})" if notes else ""


def _table(off: pd.DataFrame) -> Plain:
    rows = [
        [
            row.dataset, QUANTITIES[row.quantity], SOURCES[row.source],
            "fitted to" if row.seen else f"no{', fewer examples' * row.fewer}", str(row.settings),
            *(number(100 * value, 0) for value in (row.error, row.bias, row.worst)),
        ]
        for row in frames.each(off)
    ]  # fmt: skip
    caption = (
        "Errors of the rule, predicted less measured, in points of a share. Error: mean of their sizes over settings; "
        "bias: their mean; worst: the largest. The constants were fitted to the rows so marked, of "
        f"{listed(f'`{name}`' for name in FITTED_IN)}."
    )
    return Plain(caption, ("data", "share", "from", "seen", "settings", "error", "bias", "worst"), rows)


def _picture(points: pd.DataFrame) -> Picture:
    with style.styled():
        figure = draw(points)
        svg, png = rendered(figure)
    return Picture(
        FIGURE,
        alt="Share of the gap closed and share copied against the rate over log N, with the rule's curves",
        caption="Each point is a setting of one data set, with its 95 % interval; lines are the rule. Hollow points "
        "are those that it was fitted to. Left: the share of the gap in KID that exact draws of q(z) close. Middle and "
        "right: how far they copy the training data, by nearness to them and by authenticity.",
        svg=svg,
        png=png,
        own=True,
        pdf=printed(figure),
    )


def draw(points: pd.DataFrame) -> Figure:
    """The share of the gap and both measures of copying against R / log N."""
    figure = Figure(figsize=(style.WIDTH, 2.9), layout="constrained")
    shown: tuple[Quantity, ...] = ("posteriors", "copied", "inauthentic")
    axes = figure.subplots(1, len(shown), sharey=True)
    datasets = list(dict.fromkeys(points["dataset"]))
    for ax, quantity in zip(axes, shown, strict=True):
        _panel(ax, points[points["quantity"] == quantity], quantity, datasets)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False)
    return figure


def _panel(ax: Axes, points: pd.DataFrame, quantity: Quantity, datasets: list[str]) -> None:
    x = points["rate"] / np.log(points["n_train"])
    grid = np.geomspace(0.05, max(8.0, 1.1 * float(x.max())) if len(x) else 8.0, 200)
    if (quantity, "rate") in RULE:
        ax.plot(grid, 100 * RULE[quantity, "rate"].at(grid), color=style.INK, lw=1.2, label="the rule")
    colors = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE)
    for name, color, mark in zip(datasets, colors, style.markers(len(datasets)), strict=False):
        own = points["dataset"] == name
        fitted = own & fitted_to(points)
        for rows, face in ((own & ~fitted, color), (fitted, "none")):
            if not rows.any():
                continue
            y = 100 * points.loc[rows, "measured"]
            ends = [y - 100 * points.loc[rows, "low"], 100 * points.loc[rows, "high"] - y]
            bars = np.nan_to_num(np.clip(np.array(ends), 0, None))
            label = f"{name}{', fitted to' * (face == 'none')}"
            ax.errorbar(x[rows], y, yerr=bars, fmt=mark, ms=4.5, color=color, mfc=face, lw=0.8, label=label)
    ax.set_xscale("log")
    ax.axvline(1, color=style.RULE, lw=0.8)
    ax.set_xlabel("rate R / log N")
    ax.set_ylabel("%")
    ax.set_ylim(-15, 108)
    ax.set_title(QUANTITIES[quantity], loc="left")
