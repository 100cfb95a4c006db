"""The style of every figure: one palette safe for colour-blind readers, and no global state."""

import io
import itertools
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

# The page replaces these by its own colours, so that inline figures follow light and dark mode.
INK = "#1b1f24"
SOFT = "#5a626b"
RULE = "#d3d7dc"
PAPER = "#fefefe"
# Mid-tones after Okabe and Ito: at least 3:1 against white and against the page's dark background.
BLUE, ORANGE, GREEN, PURPLE, GREY = "#2f7fc1", "#d0661b", "#1f9274", "#a65fa8", "#7b838c"
VERDICT = {
    "better": BLUE,
    "worse": ORANGE,
    "equivalent": GREY,
    "not decided": GREY,
    "baseline": GREY,
    "none": GREY,
}
VERDICT_MARKER = {
    "better": "o",
    "worse": "X",
    "equivalent": "D",
    "not decided": "o",
    "baseline": "|",
    "none": ".",
}
OPEN = ("equivalent", "not decided")  # markers without a filling
VERDICT_LABEL = {
    "better": "better than the prior",
    "worse": "worse",
    "equivalent": "equivalent",
    "not decided": "not decided",
    "none": "no verdict",
}
MARKERS = "osD^vP*Xh"
# Colours of an ordered quantity such as β, dark to light. On the page each becomes its partner in dark mode, so that
# both have a contrast of 3 with the background and enough of it among each other to be told apart in grey.
SHADES = ("#380c57", "#262a99", "#1e518b", "#126f7d", "#238c57", "#989816")
DARK_SHADES = ("#972fe1", "#6a6fee", "#4896f0", "#2fbdd3", "#75dca8", "#eded80")
WIDTH = 7.2  # inches: the report's text column
DPI = 110  # of a PNG: 792 pixels of width
TITLE = 70  # characters of a title that fit this width
GAIN = LinearSegmentedColormap.from_list("gain", ["#b4500e", "#e9a875", "#f5f5f3", "#7fb2dc", "#1c5f9b"])

STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "figure.titlesize": 10.5,
    "figure.titleweight": "bold",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.edgecolor": SOFT,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.formatter.useoffset": False,
    "axes.unicode_minus": True,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.5,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "text.parse_math": False,
    "svg.fonttype": "none",
    "pdf.fonttype": 42,  # journals refuse type 3
    "svg.hashsalt": "study",
}


@contextmanager
def plain_settings() -> Iterator[None]:
    """Use matplotlib's defaults while an experiment draws its figures, and ignore any matplotlibrc."""
    with mpl.style.context({}, after_reset=True):
        yield


@contextmanager
def styled() -> Iterator[None]:
    """Use the report's style on top of matplotlib's defaults while a figure is drawn or saved."""
    with mpl.style.context(STYLE, after_reset=True):
        yield


class Drawing(Figure):
    """A figure that a notebook shows although pyplot does not know it.

    Attributes:
        sharp_at: pixels per inch at which the figure's pictures have whole pixels, if it has any.
    """

    sharp_at: float | None = None

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        with styled():
            self.savefig(file, format="png", dpi=DPI)
        return file.getvalue()


def panels(
    rows: int,
    columns: int,
    *,
    height: float,
    title: str,
    share_x: bool = False,
    share_y: bool | Literal["row"] = True,
) -> tuple[Figure, np.ndarray]:
    """A figure of the report's width with a title, and its `[rows, columns]` axes."""
    figure = Drawing(figsize=(WIDTH, height), layout="constrained")
    figure.suptitle(textwrap.fill(title, TITLE), x=0.01, ha="left")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=share_x, sharey=share_y)
    return figure, axes


def rows_axis(axes: Axes, names: list[str], *, gap_before: int | None = None) -> np.ndarray:
    """Put names along the y axis, the first on top, with a gap before one of them; returns positions `[len(names)]`."""
    position = np.arange(len(names), dtype=float)
    if gap_before is not None:
        position[gap_before:] += 0.8
        if 0 < gap_before < len(names):
            axes.axhline(position[gap_before] - 0.9, color=SOFT, linewidth=0.7, linestyle=(0, (4, 3)))
    axes.set_yticks(position, names)
    axes.set_ylim(position[-1] + 0.6, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    return position


def shades(n: int) -> list[str]:
    """`n` ordered colours for an ordered quantity such as β, of `SHADES`; neighbours are equal if there are more."""
    if n == 1:
        return [SHADES[2]]
    return [SHADES[round(i * (len(SHADES) - 1) / (n - 1))] for i in range(n)]


def markers(n: int) -> list[str]:
    """`n` marker shapes, repeating after nine."""
    return list(itertools.islice(itertools.cycle(MARKERS), n))


def verdict_handles(verdicts: Iterable[str]) -> list[Line2D]:
    """The handles of a legend of verdicts."""
    return [
        Line2D(
            [], [], color=VERDICT[name], marker=VERDICT_MARKER[name], label=VERDICT_LABEL[name],
            markerfacecolor=PAPER if name in OPEN else VERDICT[name],
        )
        for name in verdicts
    ]  # fmt: skip


def better_arrow(better: str) -> str:
    """The text that says which direction along an axis is better."""
    return {"lower": "← better", "higher": "better →", "one": "better near 1"}.get(better, "no direction")


def hide_unused(axes: np.ndarray, used: int) -> None:
    """Remove the panels after the first `used`; the panel above one in the last row gets the ticks of its axis."""
    for i in range(used, axes.size):
        row, column = divmod(i, axes.shape[1])
        if row and i - axes.shape[1] < used:
            axes[row - 1, column].tick_params(labelbottom=True)
        axes[row, column].remove()
