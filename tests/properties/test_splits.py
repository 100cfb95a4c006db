"""Splits and windows of many sizes: nothing is in two splits, nothing is lost, and equal seeds give equal splits."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from study import StudyError, WindowsConfig
from study.data.splits import TEST_SHARE, VALIDATION_SHARE, split_rows, split_test_rows, stratified_order
from study.data.windows import from_table, split_table

# beartype looks at one item of a list, chosen by the global generator, also where a strategy makes a table
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")

SEEDS = st.integers(0, 2**32)


@st.composite
def labelled(draw):
    """A number of rows, and labels for them or None."""
    n = draw(st.integers(6, 300))
    classes = draw(st.integers(0, 5))
    if not classes:
        return n, None
    return n, np.array(draw(st.lists(st.integers(0, classes - 1), min_size=n, max_size=n)))


@given(rows=labelled(), seed=SEEDS)
def test_splits_are_disjoint_and_complete_and_of_their_sizes(rows, seed):
    n, labels = rows
    parts = split_rows(n, seed=seed, labels=labels)
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))
    assert (len(parts.test), len(parts.validation)) == (round(n * TEST_SHARE), round(n * VALIDATION_SHARE))
    again = split_rows(n, seed=seed, labels=labels)
    assert all(np.array_equal(one, other) for one, other in zip(parts, again, strict=True))


@given(rows=labelled(), seed=SEEDS, share=st.floats(0, 0.9))
def test_an_official_test_set_is_split_whole(rows, seed, share):
    n, labels = rows
    validation, test = split_test_rows(n, seed=seed, labels=labels, validation_share=share)
    assert sorted([*validation, *test]) == list(range(n))
    assert len(validation) == round(n * share)


@given(rows=labelled(), seed=SEEDS, draw=st.data())
def test_every_stretch_has_its_share_of_every_class(rows, seed, draw):
    """The k-th of m examples lies in the k-th m-th of the unit interval, so a stretch is off by less than 2 of them."""
    n, labels = rows
    if labels is None:
        labels = np.zeros(n, int)
    order = stratified_order(np.random.default_rng(seed), labels=labels)
    place = {row: i for i, row in enumerate(order)}
    for label in np.unique(labels):
        own = np.sort([place[row] for row in np.flatnonzero(labels == label)])
        expected = (np.arange(len(own)) + 0.5) / len(own) * n
        assert np.abs(own - expected).max() <= n / len(own) + len(np.unique(labels)) + 1


@st.composite
def tables(draw):
    """A description of windows, and a number of rows from far too few to plenty."""
    extra = {"stride": draw(st.integers(1, 4)), "gap": draw(st.none() | st.integers(0, 12))}
    lengths = {"n_past": draw(st.integers(1, 6)), "n_future": draw(st.integers(1, 4))}
    features = tuple("abc"[: draw(st.integers(1, 3))])
    return WindowsConfig(time="t", features=features, target="a", **lengths, **extra), draw(
        st.integers(1, 400)
    )


@given(table=tables())
def test_no_time_step_lies_in_two_splits(table):
    config, n = table
    try:
        rows = split_table(n, config, where="table")
    except StudyError as error:
        assert f"{n} rows are too few" in str(error)
        return
    ordered = [
        rows.train,
        rows.validation,
        *sorted((*rows.reference, *rows.held_out), key=lambda part: part.start),
    ]
    gap = config.length if config.gap is None else config.gap
    assert ordered[0].start == 0 and ordered[-1].stop <= n
    for one, other in itertools.pairwise(ordered):
        assert one.stop <= other.start
        assert other.stop - other.start >= config.length
    assert ordered[1].start - ordered[0].stop >= gap and ordered[2].start - ordered[1].stop >= gap
    assert len(rows.reference) == len(rows.held_out)


@given(table=tables(), seed=st.integers(0, 9))
def test_windows_of_two_splits_share_no_step_and_come_back_in_units(table, seed):
    config, n = table
    steps = np.arange(n)[:, None] * np.ones(len(config.features)) + np.arange(len(config.features)) * 1000.0
    try:
        data = from_table(steps, config, name="made", seed=seed, source="")
    except StudyError as error:
        assert "too few" in str(error) or "constant" in str(error)
        return
    assert data.inverse is not None
    seen: list[set[int]] = []
    for part in (data.train, data.validation, data.reference, data.held_out):
        back = data.inverse(part).reshape(len(part), *config.shape)
        exact = np.rint(back)
        np.testing.assert_allclose(back, exact, atol=1e-2)
        first = exact[..., 0]
        assert (np.diff(first, axis=1) == 1).all()  # consecutive rows
        assert (exact == first[..., None] + 1000.0 * np.arange(len(config.features))).all()
        seen.append(set(first.ravel().astype(int)))
    for i, one in enumerate(seen):
        for other in seen[i + 1 :]:
            assert not one & other
    again = from_table(steps, config, name="made", seed=seed, source="")
    assert again.fingerprint == data.fingerprint


def test_too_few_rows_are_told():
    with pytest.raises(StudyError, match="1 rows are too few"):
        split_table(1, WindowsConfig("t", ("a",), "a", 1, 1), where="table")
