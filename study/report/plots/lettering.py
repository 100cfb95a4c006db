"""The texts of every figure: shown literally, never as formulas, and short enough to leave room for the axes."""

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

WORD, LINE, LINES = 40, 120, 6  # limits: characters per word, characters per line, lines
NAME = 40  # limit of characters per line of a tick label, which takes space from the axes
SHARES = (1.0, 0.4, 0.15)  # of these limits, tried in turn until the axes have room
NO_ROOM = "constrained_layout not applied"  # matplotlib's warning, where axes would have no size at all
LEAST = 12.0  # points, the height of a line of text; in less nothing can be read
MATH = re.compile(r"\$\\mathdefault\{(.*)\}\$")  # how matplotlib writes powers on logarithmic axes


def settle(figure: Figure, save: Callable[[], None]) -> None:
    """Make every text of a figure safe to draw, whatever it contains, and save the figure.

    A name with a $ would be read as a formula, and names of 300 characters would leave no room for the axes. So texts
    are never mathtext; they are shortened, and shortened again if the axes still have no room.

    Args:
        figure: the figure, whose texts are changed.
        save: saves it; called again after texts were shortened.
    """
    for share in SHARES:
        _write(figure, share)
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=NO_ROOM, category=UserWarning)
            try:
                save()
            except UserWarning as warning:
                if not re.match(NO_ROOM, str(warning)):
                    raise
            else:
                if not cramped(figure) or share == SHARES[-1]:
                    return
    figure.set_layout_engine("none")
    save()


def cramped(figure: Figure) -> bool:
    """Whether axes of a figure are lower or narrower than `LEAST`, except bars of colours, which are thin."""
    width, height = 72 * figure.get_size_inches()
    boxes = [axes.get_position() for axes in figure.axes if axes.get_label() != "<colorbar>"]
    return any(min(box.width * width, box.height * height) < LEAST for box in boxes)


@contextmanager
def unknown_letters() -> Iterator[None]:
    """While active, a character that the font lacks, such as an emoji, is drawn as a box without a warning.

    The SVG keeps the character, and the reader's browser has a font for it.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from", category=UserWarning)
        yield


def legible(text: str, *, line: int = LINE, share: float = 1.0) -> str:
    """`text` without invisible characters, with words, lines and number of lines cut to a share of their limits."""
    word, line, lines = (max(2, int(share * most)) for most in (WORD, line, LINES))
    parts = [visible(part) for part in text.split("\n")[:lines]]
    parts = [re.sub(rf"\S{{{word + 1},}}", lambda found: _cut(found[0], word), part) for part in parts]
    return "\n".join(_cut(part, line) for part in parts)


class Lettered(Formatter):
    """The tick labels of another formatter, made `legible`, with powers as plain text."""

    def __init__(self, inner: Formatter, share: float = 1.0):
        self.inner, self.share = inner, share

    def __call__(self, x: float, pos: int | None = None) -> str:
        """One label."""
        return self._label(self.inner(x, pos))

    def format_ticks(self, values: Any) -> list[str]:
        """All labels of an axis."""
        return [self._label(text) for text in self.inner.format_ticks(values)]

    def set_axis(self, axis: Any) -> None:
        """Set the axis that the labels belong to."""
        super().set_axis(axis)
        self.inner.set_axis(axis)

    def set_locs(self, locs: Any) -> None:
        """Set the locations of the ticks."""
        self.inner.set_locs(locs)

    def get_offset(self) -> str:
        """The offset text at the end of the axis."""
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
    """Wrap the formatters of tick labels; those that write plain numbers stay as they are."""
    for which in ("major", "minor"):
        inner = getattr(axis, f"get_{which}_formatter")()
        if isinstance(inner, Lettered):
            inner.share = share
        elif not isinstance(inner, ScalarFormatter | NullFormatter):
            getattr(axis, f"set_{which}_formatter")(Lettered(inner, share))


def _power(found: re.Match[str]) -> str:
    text = re.sub(r"\^\{(.*?)\}", lambda power: power[1].translate(SUPERSCRIPT), found[1])
    return text.replace(r"\times", "×").replace("-", "−")


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
