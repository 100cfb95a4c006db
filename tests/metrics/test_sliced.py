import jax
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from study.errors import StudyError
from study.latents.directions import directions
from study.metrics.base import Score
from study.metrics.sliced import Quantiles, sliced_w2
from tests.tiers import first_of


def score(x: np.ndarray, y: np.ndarray) -> Score:
    return sliced_w2(x, Quantiles.of(y, key=jax.random.key(0)))


def plain(x: np.ndarray, y: np.ndarray) -> float:
    """Sort along each direction, one at a time, in float64."""
    total = 0.0
    for direction in directions(x.shape[1]).T.astype(np.float64):
        total += np.mean((np.sort(x @ direction) - np.sort(y @ direction)) ** 2)
    return total / directions(x.shape[1]).shape[1]


@pytest.mark.parametrize("f,count", [(1, 64), (5, 65), (32, 64), (64, 64), (100, 100)])
def test_directions_are_whole_bases(f: int, count: int) -> None:
    found = directions(f)
    assert found.shape == (f, count)
    np.testing.assert_allclose(found @ found.T, np.eye(f) * count / f, atol=1e-4)


@pytest.mark.integration
@pytest.mark.parametrize("n", [200, 201])
def test_against_a_plain_loop(n: int) -> None:
    """After subtraction of the null, extrapolated from random halves and quarters, only float32 rounding may differ."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(n, 6)) * 1.4 + 0.3, rng.normal(size=(n, 6))
    nulls = []
    for z in (x, y):
        for _ in range(100):
            order, half, quarter = rng.permutation(n), n // 2, n // 4
            halves = plain(z[order[:half]], z[order[half : 2 * half]]) * half / n
            quarters = plain(z[order[:quarter]], z[order[quarter : 2 * quarter]]) * quarter / n
            nulls.append((2 * halves - quarters) / 2)
    found = score(x, y)
    # The null's part comes from 24 + 24 random halves: its error is their deviation over √24.
    assert found.value == pytest.approx(
        plain(x, y) - 2 * np.mean(nulls), abs=4 * 2 * np.std(nulls) / np.sqrt(24)
    )


def transport(x: np.ndarray, y: np.ndarray) -> float:
    """Squared W₂ of points `[n]` and `[n]` on a line as an assignment problem, without sorting."""
    costs = np.square(x[:, None] - y)
    return float(costs[linear_sum_assignment(costs)].mean())


def test_the_distance_is_the_optimal_transport() -> None:
    """The value plus its null, against an assignment solver along every direction, in float64."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)) * 1.4 + 0.3, rng.exponential(size=(40, 3))
    along = directions(3).T.astype(np.float64)
    expected = np.mean([transport(x @ direction, y @ direction) for direction in along])
    gap = Quantiles.of(x, key=jax.random.key(1)).ordered - Quantiles.of(y, key=jax.random.key(0)).ordered
    assert np.square(gap, dtype=np.float64).mean() == pytest.approx(expected, rel=1e-5)
    assert plain(x, y) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n", [50, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.parametrize("draw", first_of(["exponential", "normal", "uniform"]))
def test_the_null_value_is_zero_at_small_n(n: int, draw: str) -> None:
    """300 pairs of one distribution; the mean within 0.2 deviations of zero, 3.5 of its standard errors.

    With noise that falls as 1/n the means were 0.18 to 0.61 deviations above zero.
    """
    rng = np.random.default_rng(n)
    sample = getattr(rng, draw)
    values = [score(sample(size=(n, 8)), sample(size=(n, 8))).value for _ in range(300)]
    assert abs(np.mean(values)) < 0.2 * np.std(values)


def test_unequal_numbers_are_refused() -> None:
    x = np.zeros((20, 3))
    with pytest.raises(StudyError, match="got 19 and 20; cut the larger"):
        score(x[:19], x)


def test_a_shift_of_the_same_points() -> None:
    """Every quantile moves by δ·θ, so the plain distance is |δ|²/f exactly; less the null's part."""
    rng = np.random.default_rng(0)
    y, shift = rng.normal(size=(150, 7)), rng.normal(size=7)
    assert plain(y + shift, y) == pytest.approx((shift**2).sum() / 7, rel=1e-5)
    unmoved, moved = score(y, y), score(y + shift, y)
    assert moved.value - unmoved.value == pytest.approx((shift**2).sum() / 7, rel=1e-3)


def test_closed_form_for_gaussians() -> None:
    """|δ|²/f + (a - 1)² for N(δ, a²) against N(0, 1); the mean of 100 values within four of its standard
    errors; the mean standard error within 25 % of the deviation, which is known to 7 %."""
    rng = np.random.default_rng(0)
    draws = [score(1.3 * rng.normal(size=(300, 8)) + 0.4, rng.normal(size=(300, 8))) for _ in range(100)]
    values = np.array([m.value for m in draws])
    spread = values.std(ddof=1)
    assert abs(values.mean() - (0.16 + 0.09)) < 4 * spread / 10
    assert np.sqrt(np.mean([m.stderr**2 for m in draws])) == pytest.approx(spread, rel=0.25)


@pytest.mark.integration
@pytest.mark.parametrize("n,f", [(300, 8), (300, 32)])
def test_null_interval_covers_zero(n: int, f: int) -> None:
    """200 repetitions at 95 %: the tolerance is three binomial standard deviations of 1.5 %."""
    rng = np.random.default_rng(f)
    draws = [score(rng.normal(size=(n, f)), rng.normal(size=(n, f))) for _ in range(200)]
    covered = np.mean([abs(m.value) < 1.96 * m.stderr for m in draws])
    assert abs(covered - 0.95) <= 0.046
    assert min(m.value for m in draws) < 0


def test_collapsed_samples() -> None:
    y = np.random.default_rng(0).normal(size=(50, 4))
    found = score(np.zeros((50, 4)), y)
    assert np.isfinite([found.value, found.stderr]).all()
    assert found.value > 4 * found.stderr
