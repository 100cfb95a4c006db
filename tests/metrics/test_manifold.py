import numpy as np
import pytest
from prdc import compute_prdc

from study.metrics import manifold as module
from study.metrics.design_effect import Reach
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


def closed(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """A plain double loop in float64 with closed balls; a ball's samples count by its number of other points."""

    def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.square(a.astype(np.float64)[:, None] - b.astype(np.float64)).sum(2)

    across, real, drawn = distances(x, y), distances(y, y), distances(x, x)
    radius = {k: np.sort(real, axis=1)[:, k] for k in (3, 5)}
    within = across <= radius[5]
    others = (real <= radius[5][:, None]).sum(1) - 1
    return {
        "precision": float((across <= radius[3]).any(1).mean()),
        "recall": float((across <= np.sort(drawn, axis=1)[:, [3]]).any(0).mean()),
        "density": float((within.sum(0) / others).sum() / len(x)),
        "coverage": float(within.any(0).mean()),
    }


def values(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    return {name: score.value for name, score in manifold_metrics(x, Manifold.of(y)).items()}


# squares of differences of small integers are exact, so every tie is a tie for both
@pytest.mark.parametrize("levels", [2, 3, 5])
def test_ties_and_duplicates(levels: int) -> None:
    rng = np.random.default_rng(levels)
    x, y = (rng.integers(0, levels, size=(80, 4)).astype(np.float32) for _ in range(2))
    assert values(x, y) == pytest.approx(closed(x, y), rel=1e-12)


def test_a_set_with_copies_of_every_row_scores_one_against_itself() -> None:
    """`prdc`, whose balls are open, gives 0 for all four."""
    y = np.repeat(np.random.default_rng(0).integers(0, 1000, size=(40, 4)).astype(np.float32), 6, axis=0)
    assert all(value == 0 for value in both(y, y)[1].values())
    expected = {"precision": 1, "recall": 1, "coverage": 1, "density": 6 / 5}
    assert values(y, y) == pytest.approx(expected, rel=1e-12)
    one_point = np.zeros((300, 4), np.float32)
    assert values(one_point, one_point) == pytest.approx(expected | {"density": 300 / 299}, rel=1e-12)


def test_halves_of_tied_data_score_a_density_of_one() -> None:
    """Binary features: 25 rows share each point, a ball has 24 others and 25 samples. Old: 0; undivided by ties: 5."""
    rng = np.random.default_rng(0)
    found = [
        values(*(rng.integers(0, 2, size=(200, 3)).astype(float) for _ in range(2)))["density"]
        for _ in range(20)
    ]
    assert np.mean(found) == pytest.approx(25 / 24, abs=0.005)


@pytest.mark.parametrize("levels", [3, 40])
@pytest.mark.parametrize("dense", [1, 16, 10**9])  # all pairs but in full blocks, either, whole blocks always
def test_bounds_decide_nothing(levels: int, dense: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_DENSE", dense)
    rng = np.random.default_rng(levels)
    x, y = (rng.integers(0, levels, size=(n, 5)).astype(np.float32) for n in (700, 600))
    y[:300] += 1000  # far apart, so that bounds are loose
    assert values(x, y) == pytest.approx(closed(x, y), rel=1e-12)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_radii_are_those_of_all_distances(scale: float) -> None:
    points = np.random.default_rng(0).normal(size=(900, 7)) * scale
    points[::50] *= 1e3
    points[1] = points[0]
    differences = np.square(points[:, None] - points).sum(axis=2)
    radii, others = module._squared_radii(points, (3, 5))
    assert (others == np.array([[3], [5]])).all()
    np.testing.assert_allclose(radii, np.sort(differences, axis=1)[:, [3, 5]].T, rtol=1e-13)


def test_identical_and_collapsed_features() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 1000, size=(80, 4)).astype(np.float32)
    found = values(y, y)
    assert found["precision"] == found["recall"] == found["coverage"] == 1
    assert found["density"] == pytest.approx(6 / 5)  # each closed ball holds its centre and k neighbours
    collapsed = np.tile(y[:1], (80, 1))
    assert values(collapsed, y) == pytest.approx(closed(collapsed, y), rel=1e-12)
    assert values(collapsed, y)["recall"] == 1 / 80


def test_equal_rows_are_at_distance_zero_far_from_the_origin() -> None:
    """Far from the origin the expanded square is rounding noise, yet a ball around copies has radius zero: it holds
    the copies and nothing else."""
    y = np.random.default_rng(0).normal(size=(20, 4)) + 1e6
    repeated = np.repeat(y, 6, axis=0)
    assert values(repeated, repeated)["precision"] == values(repeated, repeated)["recall"] == 1
    assert values(repeated + 1e-6, repeated) == dict.fromkeys(
        ("precision", "recall", "coverage", "density"), 0
    )


def test_standard_errors() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(90, 6)), rng.normal(size=(110, 6))
    found = manifold_metrics(x, Manifold.of(y))
    share = found["precision"]
    assert share.stderr == pytest.approx(np.sqrt(share.value * (1 - share.value) / 90))
    distances = np.linalg.norm(x[:, None] - y, axis=2)
    radii = np.sort(np.linalg.norm(y[:, None] - y, axis=2), axis=1)[:, 5]
    reach = np.sort(np.linalg.norm(x[:, None] - x, axis=2), axis=1)[:, 3]
    for name, hits in (("recall", distances <= reach[:, None]), ("coverage", distances <= radii)):
        expected = Reach(90, 110)
        expected.add(slice(0, 90), hits)
        assert found[name].stderr == pytest.approx(expected.score(hits.any(0)).stderr)
    counts = (distances < radii).sum(axis=1) / 5
    assert found["density"].stderr == pytest.approx(counts.std(ddof=1) / np.sqrt(90))
