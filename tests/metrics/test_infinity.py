import numpy as np
import pytest

from study.metrics.base import Score
from study.metrics.frechet import Moments, fd, frechet_distance
from study.metrics.infinity import SubsetMoments, design, enough, fd_infinity


def score(x: np.ndarray, y: np.ndarray) -> Score:
    return fd_infinity(x, SubsetMoments.of(y))


def test_against_numpy_polynomial_fit_and_a_plain_jackknife() -> None:
    """Expected value: moments computed from the rows and numpy's weighted fit; expected linear part of the variance:
    leaving out one group at a time. Only rounding may differ."""
    rng = np.random.default_rng(0)
    x, y = 1.5 * rng.normal(size=(300, 4)) + 1, rng.normal(size=(300, 4))
    block = np.repeat(np.arange(64), [5] * 44 + [4] * 20)  # as array_split cuts 300 rows

    def value(member: np.ndarray) -> float:
        rows = member[block] > 0
        own = Moments.of(x[rows])
        return float(frechet_distance(own.mean, own.covariance, reference=Moments.of(y[rows])))

    sizes = np.array([(member[block] > 0).sum() for member in design().fit])
    values = np.array([value(member) for member in design().fit])
    expected = np.polynomial.polynomial.polyfit(1 / sizes, values, 1, w=sizes)[0]
    found = score(x, y)
    assert found.value == pytest.approx(expected, rel=1e-8)
    one = np.array([value(np.arange(64) % 32 != g) for g in range(32)])
    # Far apart the quadratic part hardly counts: twice it is what the jackknife has too much.
    assert found.stderr == pytest.approx(np.sqrt(31 * one.var()), rel=0.05)


def test_ten_sizes_evenly_spaced_in_one_over_n() -> None:
    sizes = np.unique(design().fit.sum(axis=1))
    assert len(sizes) == 10
    # 64 blocks: a size is off by at most half a block of at least 32
    np.testing.assert_allclose(np.sort(64 / sizes), np.linspace(1, 2, 10), rtol=0.5 / 32)
    used = design().fit.sum(axis=0)
    assert used.max() - used.min() <= 9  # each size uses each block equally often, but for rounding


@pytest.mark.parametrize("f", [8, pytest.param(32, marks=pytest.mark.slow)])
def test_unbiased_for_known_gaussians_where_fd_is_not(f: int) -> None:
    """Closed form |δ|² + Σ (a - b)²; the mean of 60 values lies within four of its standard errors, and within
    one tenth of FD's bias, which at f = 32 is the curvature in 1/n that a line leaves."""
    rng = np.random.default_rng(f)
    scale = np.linspace(0.7, 1.3, f)
    truth = f * 0.2**2 + ((scale - 1) ** 2).sum()
    values, plain = [], []
    for _ in range(60):
        x, y = rng.normal(size=(300, f)) * scale + 0.2, rng.normal(size=(300, f))
        values.append(score(x, y))
        plain.append(fd(x, Moments.of(y)).value)
    found = np.array([m.value for m in values])
    error = found.std(ddof=1) / np.sqrt(60)
    bias = np.mean(plain) - truth
    assert bias > 4 * error
    assert abs(found.mean() - truth) < max(4 * error, 0.1 * bias)
    spread = found.std(ddof=1)  # known to 9 %
    assert np.sqrt(np.mean([m.stderr**2 for m in values])) == pytest.approx(spread, rel=0.3)


@pytest.mark.parametrize("n,f", [(300, 8), pytest.param(400, 32, marks=pytest.mark.slow)])
def test_null_interval_covers_zero(n: int, f: int) -> None:
    """200 repetitions at 95 %: the tolerance is three binomial standard deviations of 1.5 %."""
    rng = np.random.default_rng(n)
    draws = [score(rng.normal(size=(n, f)), rng.normal(size=(n, f))) for _ in range(200)]
    covered = np.mean([abs(m.value) < 1.96 * m.stderr for m in draws])
    assert abs(covered - 0.95) <= 0.046
    assert min(m.value for m in draws) < 0


def test_too_few_samples() -> None:
    assert enough(n=66, dimensions=32) == ""
    assert enough(n=65, dimensions=32) == "the line in 1/n needs at least 66 samples for 32 features, got 65"
    assert "at least 64 samples" in enough(n=50, dimensions=2)
    found = fd_infinity(np.zeros((50, 2)), None)
    assert np.isnan(found.value)
    assert "needs at least 64" in found.reason


def test_degenerate_features() -> None:
    y = np.random.default_rng(0).normal(size=(300, 32))
    reference = SubsetMoments.of(y)
    assert np.isfinite(reference.root).all()
    found = fd_infinity(np.ones((300, 32)), reference)
    assert np.isfinite([found.value, found.stderr]).all()
