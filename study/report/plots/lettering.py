"""The lettering of every figure: what stands in it is text, never a formula, and leaves room for what is drawn."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import Formatter, NullFormatter, ScalarFormatter

from study.report.numbers import SUPERSCRIPT
from study.report.outside import visible

WORD, LINE, LINES = 40, 120, 6  # the most characters of a word and of a line, and the most lines
NAME = 40  # the most characters of a line beside an axis, which takes its room from what is drawn
MATH = re.compile(r"\$\\mathdefault\{(.*)\}\$")  # how matplotlib writes powers on logarithmic axes


def settle(figure: Figure) -> None:
    """Make every text of a figure one that can be drawn, whatever it says: no mathtext, nothing unseen, not too long.

    A name with a $ would be read as a formula, and one of 300 characters would leave no room for the axes.
    """
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            _settle_ticks(axis)
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_parse_math(False)
        if text.get_text():
            text.set_text(legible(text.get_text()))


@contextmanager
def unknown_letters() -> Iterator[None]:
    """Within it a character that the font lacks, such as an emoji, is drawn as a box and is no warning.

    In the SVG it stands as itself, and the reader's browser has a font for it.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from", category=UserWarning)
        yield


def legible(text: str, *, line: int = LINE) -> str:
    """`text` with its unseen characters, words, lines and their number cut to what a figure has room for."""
    lines = [visible(part) for part in text.split("\n")]
    lines = [re.sub(rf"\S{{{WORD + 1},}}", lambda word: _cut(word[0], WORD), part) for part in lines]
    return "\n".join(_cut(part, line) for part in lines[:LINES])


class Lettered(Formatter):
    """The tick labels of another formatter, legible, and powers as plain text."""

    def __init__(self, inner: Formatter):
        self.inner = inner

    def __call__(self, x: float, pos: int | None = None) -> str:
        """One label."""
        return _label(self.inner(x, pos))

    def format_ticks(self, values: Any) -> list[str]:
        """All labels of an axis."""
        return [_label(text) for text in self.inner.format_ticks(values)]

    def set_axis(self, axis: Any) -> None:
        """Which axis it is of."""
        super().set_axis(axis)
        self.inner.set_axis(axis)

    def set_locs(self, locs: Any) -> None:
        """Where the ticks are."""
        self.inner.set_locs(locs)

    def get_offset(self) -> str:
        """What stands at the axis' end."""
        return _label(self.inner.get_offset())


def _settle_ticks(axis: Axis) -> None:
    """Labels that a formatter writes when the figure is drawn; plain numbers are left to theirs."""
    for which in ("major", "minor"):
        inner = getattr(axis, f"get_{which}_formatter")()
        if not isinstance(inner, Lettered | ScalarFormatter | NullFormatter):
            getattr(axis, f"set_{which}_formatter")(Lettered(inner))


def _label(text: str) -> str:
    return legible(MATH.sub(_power, text), line=NAME)


def _power(found: re.Match) -> str:
    text = re.sub(r"\^\{(.*?)\}", lambda power: power[1].translate(SUPERSCRIPT), found[1])
    return text.replace(r"\times", "×").replace("-", "−")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
