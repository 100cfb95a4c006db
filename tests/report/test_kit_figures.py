"""The kit's figures show the numbers that they are given."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from study.report import kit
from study.report.figures import rendered
from study.report.plots import style

TABLE = pd.DataFrame(
    {"name": ["a", "b", "a", "b"], "beta": [0.5, 0.5, 2.0, 2.0], "difference": [1.0, 2.0, 3.0, 4.0],
     "low": [0.5, 1.5, np.nan, 3.0], "high": [1.5, 2.5, np.nan, 5.0]}
)  # fmt: skip


def xs(container: Any) -> list[float]:
    return np.asarray(container.lines[0].get_xdata()).tolist()


def bars(container: Any) -> list[list[float]]:
    """The ends of each interval."""
    return [segment[:, 0].tolist() for segment in container.lines[2][0].get_segments()]


def test_dots_stand_at_their_values_with_their_intervals():
    panels = [kit.Panel("one", TABLE, "x →", line=1.0), kit.Panel("two", TABLE[:2])]
    figure = kit.dots(panels, rows=["b", "a"], by="name", title="t", labels=["second", "first"])
    left, right = figure.axes
    points = [xs(container) for container in left.containers]
    assert points == [[2.0, 1.0], [4.0, 3.0]]  # a marker for each β, rows from top to bottom
    assert bars(left.containers[0]) == [[1.5, 2.5], [0.5, 1.5]]
    assert bars(left.containers[1])[1] == [3.0, 3.0]  # no interval is no bar
    assert [text.get_text() for text in left.get_yticklabels()] == ["second", "first"]
    assert (left.get_title(loc="left"), left.get_xlabel()) == ("one", "x →")
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["β = 0.5", "β = 2"]
    assert len(xs(right.containers[0])) == 2
    for axes, place in ((left, 1.0), (right, 0.0)):
        assert [place, place] in [np.asarray(line.get_xdata()).tolist() for line in axes.lines]
    with style.styled():
        assert rendered(figure)[1]().startswith(b"\x89PNG")


def test_a_value_beyond_the_edge_is_written_and_not_drawn():
    figure = kit.dots([kit.Panel("one", TABLE, edge=2.2)], rows=["a", "b"], by="name", title="t")
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["β = 2: 3 →", "β = 2: 4 →"]
    drawn = np.array([xs(container) for container in axes.containers])
    assert drawn[0].tolist() == [1.0, 2.0] and np.isnan(drawn[1]).all()
    assert bars(axes.containers[0])[1] == [1.5, 2.2]  # the interval ends at the edge


@pytest.mark.parametrize("panels", [1, 4, 5])
def test_title_legend_and_common_label_of_dots_stand_apart(panels):
    """A long title once ran under the legend, and the common label across it."""
    table = pd.concat([TABLE, TABLE.assign(beta=4.0), TABLE.assign(beta=0.25)])
    panels = [kit.Panel("one", table.drop_duplicates(["name", "beta"]), "x →")] * panels
    title = "How often samples have the requested class, by a classifier"
    figure = kit.dots(panels, rows=["a", "b"], by="name", title=title, below="a common label  ← better")
    with style.styled():
        FigureCanvasAgg(figure).draw()
    (legend,) = figure.legends
    label, entries = legend.get_title(), legend.get_texts()
    assert label.get_text() == "a common label  ← better"
    heading = next(x for x in figure.texts if x.get_text() == title)
    boxes = [artist.get_window_extent() for artist in (heading, legend)]
    inner = [box for axes in figure.axes if (box := axes.get_tightbbox()) is not None]
    assert len(inner) == len(panels)
    for one, other in itertools.combinations(
        [boxes[0], *(x.get_window_extent() for x in (label, *entries))], 2
    ):
        assert not one.overlaps(other)
    assert not any(box.overlaps(part) for box in boxes for part in inner)


def test_curves_are_sorted_and_have_bars_or_bands():
    axes = Figure().subplots()
    shuffled = TABLE[TABLE["name"] == "b"][::-1]
    kit.curve(axes, shuffled, "beta", ("difference", "low", "high"), color="k", marker="o", label="bars")
    assert xs(axes.containers[0]) == [0.5, 2.0]
    kit.curve(
        axes, shuffled, "beta", ("difference", "low", "high"), band=True, color="k", marker="o", label="band"
    )
    assert np.asarray(axes.lines[-1].get_ydata()).tolist() == [2.0, 4.0] and len(axes.collections) == 2
    kit.setting_axis(axes, shuffled["beta"], "β")
    kit.log_axis(axes)
    assert sorted(text.get_text() for text in axes.get_xticklabels()) == ["0.5", "2"]
    assert (axes.get_xscale(), axes.get_yscale(), axes.get_xlabel()) == ("log", "log", "β")
