import numpy as np
import pytest
from prdc import compute_prdc

from study.metrics import manifold as module
from study.metrics.manifold import Manifold, manifold_metrics


def both(x: np.ndarray, y: np.ndarray) -> tuple[dict[str, float], dict[str, float]]:
    """Ours, and the authors' package at k=3 and k=5; samples x, reference y."""
    found = manifold_metrics(x, Manifold.of(y))
    three, five = compute_prdc(y, x, 3), compute_prdc(y, x, 5)
    theirs = {name: float(three[name]) for name in ("precision", "recall")}
    theirs |= {name: float(five[name]) for name in ("density", "coverage")}
    assert set(found) == set(theirs)
    return {name: found[name].value for name in theirs}, theirs


@pytest.mark.parametrize("block", [13, 1024])
def test_against_prdc_on_random_features(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", block)
    rng = np.random.default_rng(0)
    ours, theirs = both(rng.normal(size=(90, 6)) * 0.9, rng.normal(size=(110, 6)))
    assert ours == pytest.approx(theirs, rel=1e-12)
    assert all(0.1 < value < 1.5 for value in ours.values())


# prdc expands the square, which is exact on small integers: there every tie is a tie for both
@pytest.mark.parametrize("levels", [2, 3, 5])
def test_against_prdc_on_ties_and_duplicates(levels: int) -> None:
    rng = np.random.default_rng(levels)
    x, y = (rng.integers(0, levels, size=(80, 4)).astype(np.float32) for _ in range(2))
    ours, theirs = both(x, y)
    assert ours == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize("levels", [3, 40])
@pytest.mark.parametrize("dense", [1, 16, 10**9])  # all pairs but in full blocks, either, whole blocks always
def test_bounds_decide_nothing(levels: int, dense: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DENSE", dense)
    rng = np.random.default_rng(levels)
    x, y = (rng.integers(0, levels, size=(n, 5)).astype(np.float32) for n in (700, 600))
    y[:300] += 1000  # far apart, so that bounds are loose
    ours, theirs = both(x, y)
    assert ours == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_radii_are_those_of_all_distances(scale: float) -> None:
    points = np.random.default_rng(0).normal(size=(900, 7)) * scale
    points[::50] *= 1e3
    points[1] = points[0]
    differences = np.square(points[:, None] - points).sum(axis=2)
    radii = module._squared_radii(points, (3, 5))
    np.testing.assert_allclose(radii, np.sort(differences, axis=1)[:, [3, 5]].T, rtol=1e-13)


def test_against_prdc_on_identical_and_collapsed_features() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 1000, size=(80, 4)).astype(np.float32)
    ours, theirs = both(y, y)
    assert ours == pytest.approx(theirs, rel=1e-12)
    assert ours["precision"] == ours["recall"] == ours["coverage"] == 1
    assert ours["density"] == pytest.approx(1)  # each open ball holds its centre and k - 1 neighbours
    ours, theirs = both(np.tile(y[:1], (80, 1)), y)
    assert ours == pytest.approx(theirs, rel=1e-12)
    assert ours["recall"] == 0


def test_equal_rows_are_at_distance_zero_far_from_the_origin() -> None:
    """Far from the origin the expanded square is rounding noise, yet balls around duplicates must have radius zero."""
    y = np.random.default_rng(0).normal(size=(20, 4)) + 1e6
    repeated = np.repeat(y, 4, axis=0)
    found = {name: score.value for name, score in manifold_metrics(repeated, Manifold.of(repeated)).items()}
    assert found["precision"] == found["recall"] == 0


def test_standard_errors() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(90, 6)), rng.normal(size=(110, 6))
    found = manifold_metrics(x, Manifold.of(y))
    for name, n in (("precision", 90), ("recall", 110), ("coverage", 110)):
        share = found[name]
        assert share.stderr == pytest.approx(np.sqrt(share.value * (1 - share.value) / n))
    distances = np.linalg.norm(x[:, None] - y, axis=2)
    radii = np.sort(np.linalg.norm(y[:, None] - y, axis=2), axis=1)[:, 5]
    counts = (distances < radii).sum(axis=1) / 5
    assert found["density"].stderr == pytest.approx(counts.std(ddof=1) / np.sqrt(90))
