import numpy as np
import pytest
import scipy.linalg

from study.metrics.frechet import Moments, fd, frechet_distance


def by_square_root(x: np.ndarray, y: np.ndarray) -> float:
    """The textbook form, with a matrix square root."""
    a, b = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = np.real(scipy.linalg.sqrtm(a @ b))
    return float(((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(a + b - 2 * root))


@pytest.mark.parametrize("f", [2, 8, 32])
def test_against_matrix_square_root(f: int) -> None:
    rng = np.random.default_rng(f)
    x = rng.normal(size=(200, f)) @ rng.normal(size=(f, f))
    y = rng.normal(size=(150, f)) @ rng.normal(size=(f, f)) + rng.normal(size=f)
    found = fd(x, Moments.of(y))
    assert found.value == pytest.approx(by_square_root(x, y), rel=1e-8)


def test_closed_form_of_known_gaussians() -> None:
    a, b = np.array([1.0, 4.0, 9.0]), np.array([4.0, 1.0, 0.0])
    turn = scipy.linalg.expm(np.array([[0, 1, 2], [-1, 0, 3], [-2, -3, 0.0]]))  # a rotation
    reference = Moments(np.zeros(3), turn @ np.diag(a) @ turn.T)
    found = frechet_distance(np.array([1.0, 0, 0]), turn @ np.diag(b) @ turn.T, reference=reference)
    assert found == pytest.approx(1 + ((np.sqrt(a) - np.sqrt(b)) ** 2).sum(), rel=1e-7)


def test_identical_features_are_at_zero() -> None:
    x = np.random.default_rng(0).normal(size=(50, 32))
    x[:, :3] = 0  # dead units
    assert fd(x, Moments.of(x)).value == pytest.approx(0, abs=1e-5)


def test_degenerate_features() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=(100, 16))
    reference = Moments.of(y)
    constant = np.tile(y[:1], (20, 1))
    expected = ((y[0] - y.mean(0)) ** 2).sum() + np.trace(reference.covariance)
    assert fd(constant, reference).value == pytest.approx(expected, rel=1e-10)
    assert fd(y[:20], Moments.of(constant)).value == pytest.approx(
        ((y[0] - y[:20].mean(0)) ** 2).sum() + np.trace(np.cov(y[:20], rowvar=False)), rel=1e-10
    )
    few = y[
        :6
    ]  # fewer rows than features: the trace term from singular values, which need no root of a product
    centred = (few - few.mean(0)) / np.sqrt(5)
    overlap = scipy.linalg.svdvals(centred @ reference.root).sum()
    expected = ((few.mean(0) - y.mean(0)) ** 2).sum() + (centred**2).sum() + np.trace(reference.covariance)
    assert fd(few, reference).value == pytest.approx(expected - 2 * overlap, rel=1e-8)
    one = fd(y[:, :1], Moments.of(y[:, :1] + 2))  # a single feature
    assert one.value == pytest.approx(4, rel=1e-10)


def test_stderr_is_the_deviation_over_draws() -> None:
    """The reference is fixed. The standard deviation over 200 draws has an error of 5 %, the mean jackknife one of
    1 % (16 groups each) and a bias of a few per cent; the tolerance of 20 % is four times the noise.
    """
    rng = np.random.default_rng(0)
    reference = Moments.of(rng.normal(size=(400, 8)))
    draws = [fd(1.5 * rng.normal(size=(400, 8)) + 0.2, reference) for _ in range(200)]
    spread = np.std([draw.value for draw in draws])
    assert np.mean([draw.stderr for draw in draws]) == pytest.approx(spread, rel=0.2)
