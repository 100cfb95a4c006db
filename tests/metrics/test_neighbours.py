from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from study.metrics import neighbours as module
from study.metrics.neighbours import Neighbours


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several blocks of rows and several parts of the pool, the last of each not full."""
    monkeypatch.setattr(module, "_ROWS", 16)
    monkeypatch.setattr(module, "_COLUMNS", 7)


def check(x: np.ndarray, pool: np.ndarray) -> None:
    """Distances agree with a double loop in float64 up to the rounding of a sum of squares."""
    expected = cdist(x, pool, "sqeuclidean")
    squared, index = Neighbours(pool).nearest(x)
    np.testing.assert_allclose(squared, expected.min(axis=1), rtol=1e-12)
    np.testing.assert_allclose(expected[np.arange(len(x)), index], squared, rtol=1e-12)


@pytest.mark.parametrize("offset", [0.0, 1000.0])
@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize("size", [20, 150])
def test_nearest_is_that_of_the_double_loop(
    offset: float, few: bool, size: int, small_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if few:  # candidates are kept, so that the nearest of them are taken again and again
        monkeypatch.setattr(module, "_KEPT", 30)
    rng = np.random.default_rng(0)
    x, pool = ((rng.normal(size=(n, size)) + offset).astype(np.float32) for n in (70, 90))
    x[:5] = pool[:5]  # duplicates
    pool[80:] = pool[0]
    check(x, pool)
    squared, index = Neighbours(pool).nearest(x[:5])
    assert (squared == 0).all()
    assert index.tolist() == [0, 1, 2, 3, 4]  # of several, the first


def test_bounds_too_loose_fall_back_on_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise in 300 dimensions is nearly equally far from every row of a pool of rank 5, so bounds exclude few rows."""
    monkeypatch.setattr(module, "_CROWDED", 3)
    rng = np.random.default_rng(0)
    pool = (rng.normal(size=(400, 5)) @ rng.normal(size=(5, 300))).astype(np.float32)
    check(np.concatenate([rng.uniform(-9, 9, (50, 300)), pool[:20] + 0.01]).astype(np.float32), pool)


@pytest.mark.parametrize(("hopeless", "loose"), [(1, 2), (1, 1000), (4, 1000), (1000, 2), (1000, 1000)])
def test_more_directions_and_then_products_where_bounds_leave_many(
    hopeless: int, loose: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that each step decides, also where it leaves some before the end, agree with the double loop."""
    sizes = {"_FEW": 6, "_CROWDED": 12, "_HOPELESS": hopeless, "_ROWS": 16, "_COLUMNS": 100, "_LOOSE": loose}
    for name, value in sizes.items():
        monkeypatch.setattr(module, name, value)
    rng = np.random.default_rng(0)
    decay = np.linspace(1, 0, 520) ** 4
    pool = (decay * rng.normal(size=(500, 520))).astype(np.float32)
    x = np.concatenate(
        [pool[:20] + 0.001, decay * rng.normal(size=(40, 520)), rng.uniform(-9, 9, (20, 520))]
    ).astype(np.float32)
    neighbours, decided = Neighbours(pool), []
    compare = neighbours._compare

    def counted(*arguments: Any, at_most: int) -> Any:
        found = compare(*arguments, at_most=at_most)
        decided.append((at_most, int((found[2] <= at_most).sum())))
        return found

    monkeypatch.setattr(neighbours, "_compare", counted)
    expected = cdist(x, pool, "sqeuclidean")
    squared, index = neighbours.nearest(x)
    np.testing.assert_allclose(squared, expected.min(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(index, expected.argmin(axis=1))
    shares = {step: sum(n for at_most, n in decided if at_most == step) for step in (6, 12, len(pool))}
    assert sum(shares.values()) == len(x) and shares[6] >= 20 and shares[len(pool)] > 0
    assert (shares[12] > 0) == (hopeless < 1000), "the second step is left out for hopeless rows alone"


def test_neighbours_closer_than_float32_products_can_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAIRS", 11)
    rng = np.random.default_rng(0)
    for size in (30, 200):
        pool = (1 + 1e-6 * rng.normal(size=(60, size))).astype(np.float32)
        check(np.concatenate([pool[:3], (5 * rng.normal(size=(10, size))).astype(np.float32)]), pool)
        same = np.ones((8, size), np.float32)
        np.testing.assert_array_equal(Neighbours(same).nearest(same)[0], np.zeros(8))


def test_own_leaves_the_example_itself_out_and_remembers(
    small_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    pool = rng.normal(size=(120, 110)).astype(np.float32)
    pool[7] = pool[3]  # a duplicate is a neighbour at zero
    distances = cdist(pool, pool, "sqeuclidean")
    np.fill_diagonal(distances, np.inf)
    neighbours = Neighbours(pool)
    for index in (np.array([3, 50, 3, 7]), np.arange(120)):
        np.testing.assert_allclose(neighbours.own(index), distances.min(axis=1)[index], rtol=1e-12)
    monkeypatch.setattr(neighbours, "_search", None)  # a second search would fail
    neighbours.own(np.arange(120))
    assert Neighbours(pool[:1]).own(np.array([0, 0])).tolist() == [np.inf, np.inf]


def test_crowds_of_own_neighbours_keep_their_rows(
    small_blocks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fall-back must exclude each row's own example, not another row's."""
    monkeypatch.setattr(module, "_CROWDED", 5)
    rng = np.random.default_rng(0)
    pool = rng.uniform(-1, 1, (200, 150)).astype(np.float32)
    distances = cdist(pool, pool, "sqeuclidean")
    np.fill_diagonal(distances, np.inf)
    np.testing.assert_allclose(Neighbours(pool).own(np.arange(200)), distances.min(axis=1), rtol=1e-12)
