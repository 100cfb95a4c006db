"""Two-sample distances against closed forms and plain loops, and their nulls."""

import itertools
import math

import jax
import numpy as np
import pytest
from scipy import stats

from study import Latents
from study.latents import two_sample as module
from study.latents.two_sample import SCALES, c2st, mmd, prior_null, sliced_w2, two_sample


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def test_mmd_against_a_double_loop(monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 7)
    x, y = normal(0, 20, 3), 0.5 * normal(1, 20, 3)

    def kernel(a, b):
        return sum(6 * s / (6 * s + ((a - b) ** 2).sum()) for s in SCALES)

    within = [sum(kernel(a, b) for a, b in itertools.permutations(z, 2)) / (20 * 19) for z in (x, y)]
    across = sum(kernel(a, b) for a in x for b in y) / 400
    assert mmd(x, y).value == pytest.approx(sum(within) - 2 * across, rel=1e-12)


def test_mmd_of_splits_is_mmd(monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", 16)
    pool = normal(0, 40, 2)
    first = np.stack([np.arange(40) < 20, np.arange(40) % 2 == 0], axis=1)
    expected = [mmd(pool[side], pool[~side]).value for side in first.T]
    np.testing.assert_allclose(module._mmd_of_splits(pool, first), expected, rtol=1e-10)


@pytest.mark.parametrize("d", [1, 5, 16])
def test_sliced_w2_of_a_shift_is_exact(d):
    x = normal(0, 300, d)
    shift = np.linspace(0.2, 1.5, d)
    assert sliced_w2(x, x + shift).value == pytest.approx((shift**2).sum() / d, rel=1e-6)  # float32 bases


def test_sliced_w2_of_a_scale():
    # W₂ of N(0, 1) and N(0, c²) is c − 1 along each direction
    found = sliced_w2(normal(0, 4000, 4), 2 * normal(1, 4000, 4))
    assert abs(found.value - 1) < 4 * found.stderr + 0.005  # and the bias of W₂², of order log log n / n


@pytest.mark.parametrize("statistic", [mmd, sliced_w2])
def test_standard_errors_are_the_spread_over_repetitions(statistic):
    found = [statistic(normal(i, 200, 3), 0.6 + 1.2 * normal(1000 + i, 200, 3)) for i in range(100)]
    spread = np.std([f.value for f in found], ddof=1)
    # The spread of 100 values is known to 1/√200, or 7 %; the first order leaves out what shrinks as 1/n.
    assert np.mean([f.stderr for f in found]) == pytest.approx(spread, rel=0.25)


def test_c2st_against_the_best_classifier():
    # N(0, I) and N(δ, I): the likelihood ratio's AUC is Φ(|δ|/√2)
    found = c2st(normal(0, 4000, 2), normal(1, 4000, 2) + np.array([1.0, 0.0]))
    assert found.value == pytest.approx(stats.norm.cdf(1 / math.sqrt(2)), abs=5 * found.stderr)


def test_c2st_sees_correlation():
    x = normal(0, 2000, 2)
    x[:, 1] = 0.8 * x[:, 0] + 0.6 * x[:, 1]
    assert c2st(x, normal(1, 2000, 2)).value > 0.65


@pytest.mark.integration
def test_c2st_of_many_dimensions():
    """In many dimensions squares are taken along a few times d fixed directions. A common factor is still detected, and
    two samples of one distribution have an AUC of a half within four standard errors."""
    assert module._second_order(normal(0, 10, 40)).shape == (10, 120)
    assert module._second_order(normal(0, 10, 30)).shape == (10, 465)
    x = normal(0, 1500, 40)
    same = c2st(x, normal(1, 1500, 40))
    assert same.value == pytest.approx(0.5, abs=4 * same.stderr)
    x = (x + 0.6 * normal(2, 1500, 1)) / math.sqrt(1.36)
    assert c2st(x, normal(1, 1500, 40)).value > 0.6


def test_the_prior_is_not_told_from_itself_and_a_wider_one_is():
    latents = Latents(normal(0, 5000, 4) * math.sqrt(0.5), np.full((5000, 4), math.log(0.5)))
    wider = Latents(2 * latents.mean, latents.log_var)
    for name, found in two_sample(jax.random.key(0), latents, draws=300).items():
        assert found.estimate.value < 2 * found.null_high, name
        assert found.estimate.n == 300
    for name, found in two_sample(jax.random.key(0), wider, draws=300).items():
        assert found.estimate.value - 2 * found.estimate.stderr > found.null_high, name


@pytest.mark.slow
@pytest.mark.parametrize(("n", "d"), [(100, 2), (300, 8)])
def test_nulls_cover_at_the_nominal_rate(n, d):
    """In 200 repetitions at 5 % the count is binomial, 10 ± 3.1; the simulated quantile has an error of 1.5 %."""
    null = prior_null(n, d)
    above = np.zeros(3, int)
    for i in range(200):
        x, y = normal(i, 2, n, d)
        found = np.array([f(x, y).value for f in (mmd, sliced_w2, c2st)])
        above += found > [null.mmd, null.sliced_w2, null.c2st]
    low, high = stats.binom.ppf(0.001, 200, 0.035), stats.binom.ppf(0.999, 200, 0.065)
    assert ((low <= above) & (above <= high)).all(), above
