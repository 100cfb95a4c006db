"""Every figure can be drawn whatever its texts contain, and shows them literally."""

import io
import warnings
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator
from PIL import Image

from study.report import figures
from study.report.plots import lettering, style

NAMES = [
    *("$\\frac{$", "a $x^2$ b", "$", "\\$5 and $6", "a_b^{", "\\", "%s {0}", "&<>'\"", "]]>", "<!-- -->"),
    'id="b" url(#a)',
    *("line\nbreak", "tab\tand\rbell\x07", "\x00", "\ud800", "\N{RIGHT-TO-LEFT OVERRIDE}abc", "x" * 300, "y " * 150),
    *("\n" * 40, "\N{GRINNING FACE}", "漢字", "עברית", "e\N{COMBINING ACUTE ACCENT}" * 50, "", " ", "_hidden", "-1"),
]  # fmt: skip


def labelled(name: str) -> Figure:
    """A figure with a name in every place that can have text."""
    figure, grid = style.panels(1, 2, height=2.6, title=name)
    axes, other = grid[0]
    style.rows_axis(axes, [name, f"{name}1"])
    axes.plot([0, 1], [0, 1], label=f"l{name}")
    axes.set_title(name)
    axes.set(xlabel=name, ylabel=name)
    axes.annotate(name, (0.5, 0.5))
    other.bar([f"b{name}", f"c{name}"], [1.0, 2.0])
    other.text(0.5, 1, name)
    figure.legend(loc="outside lower center")
    figure.supxlabel(name)
    return figure


def drawn(figure: Figure) -> tuple[list[str], np.ndarray]:
    """All texts of the SVG, and the PNG's pixels."""
    with style.styled():
        svg, png = figures.rendered(figure)
    texts = [e.text or "" for e in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    return texts, np.asarray(Image.open(io.BytesIO(png())).convert("RGB"))


@pytest.mark.integration
@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_drawn_whatever_its_texts_say(name):
    with style.styled():
        figure = labelled(name)
    texts, pixels = drawn(figure)
    assert pixels.std() > 1
    shown = lettering.legible(f"l{name}", share=lettering.SHARES[-1]).split("\n")[0][:4].strip(" …")
    assert any(shown in text for text in texts), texts


def test_a_figure_made_outside_the_reports_style_is_safe_too():
    figure = Figure()
    axes = figure.subplots()
    axes.bar(["$\\bad{$", "good"], [1, 2])
    axes.set_title("$\\worse{$")
    texts, _ = drawn(figure)
    assert "$\\bad{$" in texts and "$\\worse{$" in texts


@pytest.mark.parametrize("name", ["x" * 300, "y " * 150])
def test_a_long_name_leaves_room_for_what_is_drawn(name):
    with style.styled():
        figure = labelled(name)
    drawn(figure)
    assert all(axes.get_position().width > 0.05 and axes.get_position().height > 0.1 for axes in figure.axes)


def test_short_texts_are_left_as_they_are():
    text = "Does the prior's mismatch with q(z) say how much there is to gain?\nbetter →"
    assert lettering.legible(text) == text


def test_powers_on_a_logarithmic_axis_are_plain_text():
    with style.styled():
        figure, grid = style.panels(1, 2, height=2.5, title="powers", share_y=False)
        for axes in grid[0]:
            axes.plot([1e-3, 1e4], [1e-3, 1e4])
        grid[0, 0].set_xscale("log")
        grid[0, 0].set_yscale("log")
        grid[0, 1].set_yscale("symlog", linthresh=0.1)
        grid[0, 1].xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"${value:g}$"))
        grid[0, 0].set_ylim(3, 25)
        grid[0, 0].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    texts, _ = drawn(figure)
    assert {"10⁻²", "10⁴", "10¹", "2×10¹"} <= set(texts)
    assert not any("mathdefault" in text for text in texts)
    assert any(text.startswith("$") and text.endswith("$") for text in texts)


def test_letters_that_the_font_lacks_are_the_only_warning_that_is_kept_back():
    with pytest.warns(UserWarning, match="something else"), lettering.unknown_letters():
        warnings.warn("something else", UserWarning, stacklevel=1)


def test_a_settings_file_in_the_folder_does_not_change_a_figure(tmp_path, monkeypatch):
    import matplotlib as mpl

    def plain() -> tuple[str, bytes]:
        with style.styled():
            svg, png = figures.rendered(labelled("a"))
            return svg, png()

    before = plain()
    with mpl.rc_context(
        {"axes.facecolor": "red", "font.size": 30, "text.usetex": True, "lines.color": "pink"}
    ):
        assert plain() == before


@pytest.mark.integration
def test_texts_are_shortened_before_axes_are_too_small_to_read():
    helped = 0
    for height in np.arange(1.4, 2.4, 0.1):
        with style.styled():
            figure, axes = style.panels(1, 1, height=float(height), title="a title")
            for i in range(3):
                axes[0, 0].plot([0, 1], label=f"{i}: " + "\n".join(["a long word"] * 3))
            figure.legend(loc="outside lower center", ncols=1)
            figures.rendered(figure)
        words = figure.legends[0].get_texts()[0].get_text()
        whole = words.count("long") == 3
        assert not (whole and lettering.cramped(figure))
        helped += not whole and not lettering.cramped(figure)
    assert helped
