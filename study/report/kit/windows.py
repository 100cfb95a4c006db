"""Windows of a time series beside each other: one row of panels per strategy."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study.report import frames
from study.report.plots import style
from study.tables.results import Results

COLUMNS = 5
REAL = ("held-out", "posterior")  # their range, with a margin, is that of every panel


def windows(results: Results, labels: Mapping[str, str], colours: Mapping[str, str]) -> Figure | None:
    """The target in real and generated windows of one model at the middle setting; None if none were stored.

    Args:
        results: with windows among its samples.
        labels: the strategies to draw, from top to bottom, with their labels.
        colours: the colour of each strategy; grey by default.
    """
    facts = results.provenance["dataset"].get("windows")
    kept = {name.split("/")[0] for name in results.samples if name.endswith("/windows")}
    runs = results.runs[results.runs["run_id"].isin(kept)]
    if facts is None or runs.empty:
        return None
    grid = frames.settings(runs)
    setting = grid[len(grid) // 2]
    run = frames.at(runs, setting).sort_values("seed")["run_id"].iloc[0]
    target = facts["features"].index(facts["target"])
    rows = {name: results.samples.get(f"{run}/{name}/windows") for name in labels}
    found = {name: array[:COLUMNS, :, target] for name, array in rows.items() if array is not None}
    real = np.concatenate([found[name].ravel() for name in REAL if name in found] or [*found.values()])
    pad = 0.25 * (real.max() - real.min())
    limits = float(real.min() - pad), float(real.max() + pad)
    title = f"{facts['target']} in windows of one model ({setting.label})"
    with style.styled():
        figure, panels = style.panels(
            len(found), COLUMNS, height=0.78 * len(found) + 0.9, title=title, share_x=True, share_y="row"
        )
        for line, (name, array) in zip(panels, found.items(), strict=True):
            for axes, window in zip(line, array, strict=True):
                axes.plot(window, color=colours.get(name, style.GREY), linewidth=1.0)
                axes.axvline(facts["n_past"] - 0.5, color=style.SOFT, linewidth=0.7, linestyle=(0, (4, 3)))
                _within(axes, window, limits)
            line[0].set_ylabel(labels[name], rotation=0, ha="right", va="center", fontsize=7.5)
        figure.supxlabel("time step of the window; all axes have the same range", fontsize=9)
    return figure


def _within(axes: Axes, window: np.ndarray, limits: tuple[float, float]) -> None:
    axes.set_ylim(*limits)
    axes.locator_params(axis="both", nbins=3)
    if window.max() > limits[1] or window.min() < limits[0]:
        axes.text(0.5, 0.9, "beyond the axis", transform=axes.transAxes, ha="center", va="top", fontsize=6.5)
