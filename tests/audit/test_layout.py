"""Axes of examples: recognised, asked about, and moved only where the user said so."""

import numpy as np
import pytest

from study.audit.layout import Axes, as_declared, layout_of
from study.errors import StudyError


@pytest.mark.parametrize(
    ("given", "axes", "shown", "moved"),
    [
        ((7,), None, (7,), False),
        ((8, 9), None, (8, 9), False),
        ((8, 9, 3), None, (8, 9, 3), False),
        ((3, 8, 9), None, (8, 9, 3), True),
        ((1, 8, 9), None, (8, 9), True),
        ((8, 9, 1), None, (8, 9), False),
        ((3, 8, 3), "channels-first", (8, 3, 3), True),
        ((3, 8, 3), "channels-last", (3, 8, 3), False),
        ((2, 8, 9), "channels-first", (8, 9, 2), True),
        ((24, 6, 5), "flat", (720,), False),
    ],
)
def test_axes(given: tuple[int, ...], axes: Axes | None, shown: tuple[int, ...], moved: bool) -> None:
    layout = layout_of(given, axes=axes, where="data")
    assert (layout.shown, layout.moved) == (shown, moved)
    x = np.arange(2 * np.prod(given), dtype=np.float32).reshape(2, *given)
    rows = layout.rows(x)
    np.testing.assert_array_equal(layout.examples(rows), x)
    if moved:
        np.testing.assert_array_equal(rows.reshape(2, *given[1:], given[0])[:, 2, 1], x[:, :, 2, 1])
    np.testing.assert_array_equal(layout.output(x, where="decode"), rows)
    np.testing.assert_array_equal(layout.output(x.reshape(2, -1), where="decode"), rows)
    last = np.moveaxis(x, 1, -1) if moved and len(given) == 3 else None
    if last is not None and given[0] != given[-1]:
        np.testing.assert_array_equal(layout.output(last, where="decode"), rows)


@pytest.mark.parametrize("given", [(3, 8, 3), (24, 6, 5), (1, 8, 3)])
def test_where_channels_cannot_be_told_it_asks(given: tuple[int, ...]) -> None:
    with pytest.raises(StudyError, match="give --layout channels-first, channels-last or flat"):
        layout_of(given, axes=None, where="data")


@pytest.mark.parametrize(("given", "axes"), [((2, 3, 4, 5), None), ((), None), ((7,), "channels-first")])
def test_shapes_that_are_no_examples(given: tuple[int, ...], axes: Axes | None) -> None:
    with pytest.raises(StudyError, match=r"ax[ei]s"):
        layout_of(given, axes=axes, where="data")


def test_outputs_of_another_shape() -> None:
    with pytest.raises(StudyError, match=r"gives \[n, 7, 3, 8\]"):
        layout_of((8, 7, 3), axes=None, where="data").output(np.zeros((2, 7, 3, 8)), where="decode")


def test_channels_move_for_a_network_only_if_the_user_says_so() -> None:
    layout = layout_of((8, 9, 3), axes=None, where="data")
    assert as_declared(layout, ["N", 8, 9, 3], where="net", asked=False).shape == (8, 9, 3)
    assert as_declared(layout, ["N", 216], where="net", asked=False).shape == (216,)
    with pytest.raises(StudyError, match="channels are elsewhere"):
        as_declared(layout, ["N", 3, 8, 9], where="net", asked=False)
    feed = as_declared(layout, ["N", 3, 8, 9], where="net", asked=True)
    x = np.random.default_rng(0).normal(size=(2, 8, 9, 3))
    np.testing.assert_array_equal(feed(x, first=False)[:, 1], x[..., 1])
    with pytest.raises(StudyError, match="store them as the network takes them"):
        as_declared(layout, ["N", 9, 8, 3], where="net", asked=True)
