"""The two figures of the front page: samples from one model side by side, and the share of the gap closed against s."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.claims.base import MAIN
from study.claims.rule import FITTED_IN
from study.report.figures import rendered, replace
from study.report.plots import style
from study.report.plots.nearest import neighbours
from study.report.text.numbers import number
from study.runtime.files import told
from study.tables.results import Results, load_results

STRIP_OF = "gap_ladder/mnist-default"  # the folder whose first setting with samples is shown
STRIP = {
    "prior": "the prior, MNIST, s = {s}",
    "gmm": "a mixture fitted to q(z)",
    "posterior": "posteriors of training data",
    "nearest": "training images nearest to these",
}
SHARES = {"posteriors": "exact draws of q(z)", "mixture": "a Gaussian mixture fitted to q(z)"}
HALF = 0.5  # of the way to copies: from here on a setting counts as copying


def write_front(root: Path) -> list[str]:
    """Write `figures/strip.png` and `figures/share.png` below `root`, those for which there are tables.

    Returns:
        The names of the files, relative to `root`.

    Raises:
        FileError: a table cannot be read, or a figure cannot be written.
    """
    written = []
    for name, figure in _figures(root):
        path = root / "figures" / f"{name}.png"
        with told(path):
            path.parent.mkdir(exist_ok=True)
            with style.styled():
                _, png = rendered(figure)
            replace(path, png())
        written.append(path.relative_to(root).as_posix())
    return written


def _figures(root: Path) -> Iterator[tuple[str, Figure]]:
    if (root / STRIP_OF).is_dir():
        with style.styled():
            figure = strip(load_results(root / STRIP_OF))
        if figure is not None:
            yield "strip", figure
    table = root / "claims" / "rule.csv"
    if table.is_file():
        with style.styled():
            yield "share", share(pd.read_csv(table))


def strip(results: Results) -> Figure | None:
    """Five samples from each of three distributions of one model, and what the last were nearest to; None without.

    The model is the one with the smallest s that has samples; all share the noise that they are drawn with.
    """
    means = results.runs.loc[results.runs["decode"].eq("mean"), "run_id"]
    found = neighbours(results.only(means))
    if found is None:
        return None
    setting, own, near = found
    shown = {**own, "nearest": near["posterior"]}
    figure = Figure(figsize=(10, 0.66), layout="constrained")
    parts = np.asarray(figure.subfigures(1, len(STRIP), wspace=0.01), dtype=object)
    for part, (name, label) in zip(parts, STRIP.items(), strict=True):
        part.suptitle(label.format(s=number(setting.noise_variance)), fontsize=9)
        for ax, image in zip(part.subplots(1, 5), shown[name][:5], strict=True):
            ax.imshow(image, cmap="gray", vmin=0, vmax=255)
            ax.set_axis_off()
    return figure


def share(points: pd.DataFrame) -> Figure:
    """A panel for each data set: the share of the gap closed against s, and where draws of q(z) are half-way to copies.

    Args:
        points: the columns of `schemas.RULE`. A curve runs through models that differ in s alone.
    """
    datasets = list(dict.fromkeys(points["dataset"]))
    figure = Figure(figsize=(3.4 * len(datasets) + 0.6, 1.85), layout="constrained")
    panels = list(figure.subplots(1, len(datasets), sharey=True, squeeze=False)[0])
    for ax, name in zip(panels, datasets, strict=True):
        _panel(ax, _main(points[points["dataset"] == name]))
        ax.set_title(name, loc="left")
    panels[0].set_ylabel("gap in KID closed, %")
    marks = {name: mark for ax in panels for mark, name in zip(*ax.get_legend_handles_labels(), strict=True)}
    _emptiest(panels).legend(list(marks.values()), list(marks), loc="lower left", frameon=False)
    return figure


def _emptiest(panels: Sequence[Axes]) -> Axes:
    """The panel whose curves stay highest: it has the most room below them."""
    return max(panels, key=lambda ax: min(np.min(mark[0].get_ydata()) for mark in ax.containers))


def _main(points: pd.DataFrame) -> pd.DataFrame:
    """Places that differ in s alone: all examples, of the main experiment or else of those with the rule's models."""
    whole = points[points["n_train"] == points["n_train"].max()]
    for experiments in (MAIN, FITTED_IN):
        if (own := whole["experiment"].isin(experiments)).any():
            whole = whole[own]
            break
    kinds = whole.groupby(["network", "latent_dim"])["s"].nunique()
    network, latent_dim = kinds.idxmax()
    return whole[(whole["network"] == network) & (whole["latent_dim"] == latent_dim)]


def _panel(ax: Axes, points: pd.DataFrame) -> None:
    looks = zip(SHARES.items(), (style.BLUE, style.ORANGE), ("o", "s"), strict=True)
    for (quantity, label), color, mark in looks:
        own = points[points["quantity"] == quantity].groupby("s")[["measured", "low", "high"]].mean() * 100
        ends = np.nan_to_num(np.clip([own["measured"] - own["low"], own["high"] - own["measured"]], 0, None))
        ax.errorbar(
            own.index, own["measured"], yerr=ends, marker=mark, ms=4, color=color, label=label, lw=1.2
        )
    copied = points[points["quantity"] == "inauthentic"].groupby("s")["measured"].mean()
    ends = _edge(copied)
    if ends is not None:
        ax.axvspan(copied.index.min() * 0.7, ends, color=style.PURPLE, alpha=0.13, lw=0)
        ax.fill_between(
            [], [], color=style.PURPLE, alpha=0.13, label="here q(z) is half-way to copies, or nearer"
        )
    ax.set_xscale("log")
    ax.axhline(0, color=style.SOFT, lw=0.8)
    ax.set_ylim(-12, 105)
    ax.set_xlabel("s = β/(2α)")


def _edge(copied: pd.Series) -> float | None:
    """The s, between two that were trained, at which copying falls through one half; None if it never is above."""
    s, share = copied.index.to_numpy(float), copied.to_numpy()
    above = share >= HALF
    if not above.any():
        return None
    last = int(np.flatnonzero(above)[-1])
    if last + 1 == len(s):
        return float(s[-1])
    part = (share[last] - HALF) / (share[last] - share[last + 1])
    return float(np.exp(np.log(s[last]) + part * (np.log(s[last + 1]) - np.log(s[last]))))
