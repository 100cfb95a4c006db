"""The lettering of every figure: what stands in it is text, never a formula, and leaves room for what is drawn."""

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import Formatter, NullFormatter, ScalarFormatter

from study.report.outside import visible
from study.report.text.numbers import SUPERSCRIPT

WORD, LINE, LINES = 40, 120, 6  # the most characters of a word and of a line, and the most lines
NAME = 40  # the most characters of a line beside an axis, which takes its room from what is drawn
SHARES = (1.0, 0.4, 0.15)  # of these, one after the other, until axes have room
NO_ROOM = "constrained_layout not applied"  # matplotlib's warning
MATH = re.compile(r"\$\\mathdefault\{(.*)\}\$")  # how matplotlib writes powers on logarithmic axes


def settle(figure: Figure, save: Callable[[], None]) -> None:
    """Make every text of a figure one that can be drawn, whatever it says, and save it: no mathtext, nothing unseen.

    A name with a $ would be read as a formula, and names of 300 characters would leave no room for the axes: texts are
    cut, and cut again where there is none.

    Args:
        figure: what is drawn.
        save: draws it; called again where names left no room.
    """
    for share in SHARES:
        _write(figure, share)
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=NO_ROOM, category=UserWarning)
            try:
                return save()
            except UserWarning as warning:
                if not re.match(NO_ROOM, str(warning)):
                    raise
    figure.set_layout_engine("none")
    save()


@contextmanager
def unknown_letters() -> Iterator[None]:
    """Within it a character that the font lacks, such as an emoji, is drawn as a box and is no warning.

    In the SVG it stands as itself, and the reader's browser has a font for it.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from", category=UserWarning)
        yield


def legible(text: str, *, line: int = LINE, share: float = 1.0) -> str:
    """`text` with nothing unseen, its words, its lines and their number cut to a share of what there is room for."""
    word, line, lines = (max(2, int(share * most)) for most in (WORD, line, LINES))
    parts = [visible(part) for part in text.split("\n")[:lines]]
    parts = [re.sub(rf"\S{{{word + 1},}}", lambda found: _cut(found[0], word), part) for part in parts]
    return "\n".join(_cut(part, line) for part in parts)


class Lettered(Formatter):
    """The tick labels of another formatter, legible, and powers as plain text."""

    def __init__(self, inner: Formatter, share: float = 1.0):
        self.inner, self.share = inner, share

    def __call__(self, x: float, pos: int | None = None) -> str:
        """One label."""
        return self._label(self.inner(x, pos))

    def format_ticks(self, values: Any) -> list[str]:
        """All labels of an axis."""
        return [self._label(text) for text in self.inner.format_ticks(values)]

    def set_axis(self, axis: Any) -> None:
        """Which axis it is of."""
        super().set_axis(axis)
        self.inner.set_axis(axis)

    def set_locs(self, locs: Any) -> None:
        """Where the ticks are."""
        self.inner.set_locs(locs)

    def get_offset(self) -> str:
        """What stands at the axis' end."""
        return self._label(self.inner.get_offset())

    def _label(self, text: str) -> str:
        return legible(MATH.sub(_power, text), line=NAME, share=self.share)


def _write(figure: Figure, share: float) -> None:
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            _write_ticks(axis, share)
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_parse_math(False)
        if text.get_text():
            text.set_text(legible(text.get_text(), share=share))


def _write_ticks(axis: Axis, share: float) -> None:
    """Labels that a formatter writes when the figure is drawn; plain numbers are left to theirs."""
    for which in ("major", "minor"):
        inner = getattr(axis, f"get_{which}_formatter")()
        if isinstance(inner, Lettered):
            inner.share = share
        elif not isinstance(inner, ScalarFormatter | NullFormatter):
            getattr(axis, f"set_{which}_formatter")(Lettered(inner, share))


def _power(found: re.Match) -> str:
    text = re.sub(r"\^\{(.*?)\}", lambda power: power[1].translate(SUPERSCRIPT), found[1])
    return text.replace(r"\times", "×").replace("-", "−")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
