"""One dimension from another distribution: which one, that nothing else changes, and the density against SciPy."""

import jax
import numpy as np
import pytest
from scipy import stats

from study import strategy
from study.latents import Latents
from study.strategies.one_dimension import farthest

N, DRAW = 400, jax.random.key(1)


@pytest.fixture(scope="module")
def codes():
    """Three dimensions: N(0, 1) as a whole, moved by 2, and with two clusters that depend on the second."""
    rng = np.random.default_rng(0)
    mean = np.stack([rng.normal(0, 0.6, N), 2 + rng.normal(0, 0.5, N), np.zeros(N)], axis=1)
    mean[:, 2] = 0.7 * np.sign(mean[:, 1] - 2)
    log_var = np.log(np.full((N, 3), [0.64, 0.3, 0.4]))
    return Latents(mean.astype(np.float32), log_var.astype(np.float32))


def drawn(name, codes, n=5000):
    return strategy(name).fit(jax.random.key(0), codes).sample(DRAW, n=n)


def test_the_farthest_dimension_is_the_moved_one(codes):
    j, apart = farthest(codes)
    assert j == 1
    x, step = np.linspace(-9, 12, 20_001, retstep=True)
    q = stats.norm.pdf(x[:, None], codes.mean[:, 1], np.sqrt(0.3)).mean(1)
    assert apart == pytest.approx((q * (np.log(q) - stats.norm.logpdf(x))).sum() * step, abs=1e-4)
    info = strategy("one-from-q").fit(jax.random.key(0), codes).info
    assert info["dimension"] == 1 and info["marginal_kl"] == pytest.approx(apart)


def test_each_swap_changes_one_coordinate_of_what_it_differs_from(codes):
    """Draw by draw: the same noise and the same examples."""
    prior, posterior, one, other = (
        drawn(n, codes) for n in ("prior", "posterior", "one-from-q", "one-from-prior")
    )
    np.testing.assert_allclose(one[:, [0, 2]], prior[:, [0, 2]], rtol=1e-6)
    np.testing.assert_allclose(one[:, 1], posterior[:, 1], rtol=1e-6)
    np.testing.assert_array_equal(other[:, [0, 2]], posterior[:, [0, 2]])
    np.testing.assert_allclose(other[:, 1], prior[:, 1], rtol=1e-6)
    # the example that both come from no longer joins them: correlations within five standard errors of zero
    for z in (one, other):
        assert abs(np.corrcoef(z[:, 1], z[:, 2])[0, 1]) < 5 / np.sqrt(len(z))
    assert np.corrcoef(posterior[:, 1], posterior[:, 2])[0, 1] > 0.3


@pytest.mark.parametrize(("name", "kept"), [("one-from-q", [1]), ("one-from-prior", [0, 2])])
def test_the_density_is_a_product_of_both_parts(codes, name, kept):
    fitted, z = strategy(name).fit(jax.random.key(0), codes), drawn(name, codes, 50)
    scale = np.exp(0.5 * codes.log_var.astype(np.float64))
    parts = stats.norm.logpdf(z[:, None, kept], codes.mean[:, kept], scale[:, kept]).sum(2)
    rest = [j for j in range(3) if j not in kept]
    expected = np.logaddexp.reduce(parts, axis=1) - np.log(N) + stats.norm.logpdf(z[:, rest]).sum(1)
    np.testing.assert_allclose(fitted.log_prob(z), expected, atol=1e-3)


def test_in_one_dimension_they_are_the_posterior_and_the_prior():
    line = Latents(np.ones((50, 1), np.float32), np.zeros((50, 1), np.float32))
    np.testing.assert_allclose(drawn("one-from-q", line, 9), drawn("posterior", line, 9), rtol=1e-6)
    np.testing.assert_allclose(drawn("one-from-prior", line, 9), drawn("prior", line, 9), rtol=1e-6)
    z = np.linspace(-2, 2, 5, dtype=np.float32)[:, None]
    found = strategy("one-from-prior").fit(jax.random.key(0), line).log_prob(z)
    np.testing.assert_allclose(found, stats.norm.logpdf(z[:, 0]), rtol=1e-6)
