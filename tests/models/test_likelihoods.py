"""Loss terms against scipy and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy import stats

from study import VAEConfig
from study.models.families.vae import VAE
from study.models.likelihoods import decoder_mean, gaussian_kl, log_likelihood, noise_variance, reconstruction


def test_gaussian_reconstruction_is_the_sum_of_squares_and_a_likelihood_of_variance_s():
    rng = np.random.default_rng(0)
    output, x = rng.normal(size=(2, 5, 7)).astype(np.float32)
    d = reconstruction("gaussian", jnp.asarray(output), jnp.asarray(x))
    np.testing.assert_allclose(d, ((output - x) ** 2).sum(1), rtol=1e-5)
    # α·SSE + β·KL is β times the negative ELBO of a decoder with variance s, up to a constant in the parameters.
    alpha, beta = 3.0, 0.7
    s = noise_variance(alpha, beta)
    log_likelihood = np.sum(stats.norm.logpdf(x, output, np.sqrt(s)), axis=1)
    constant = 0.5 * 7 * np.log(2 * np.pi * s)
    np.testing.assert_allclose(alpha * np.asarray(d), beta * (-log_likelihood - constant), rtol=1e-4)


def test_log_likelihoods_hold_every_constant():
    rng = np.random.default_rng(4)
    output, x = rng.normal(size=(2, 5, 7)).astype(np.float32)
    expected = stats.norm.logpdf(x, output, np.sqrt(0.3)).sum(1)
    np.testing.assert_allclose(log_likelihood("gaussian", output, x, 0.3), expected, rtol=1e-5)
    bits = (x > 0).astype(np.float32)
    p = 1 / (1 + np.exp(-output.astype(np.float64)))
    expected = stats.bernoulli.logpmf(bits, p).sum(1)
    np.testing.assert_allclose(log_likelihood("bernoulli", output, bits), expected, rtol=1e-5)


def test_bernoulli_reconstruction_is_the_negative_log_likelihood():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(5, 7)).astype(np.float32)
    x = rng.integers(0, 2, size=(5, 7)).astype(np.float32)
    p = 1 / (1 + np.exp(-logits.astype(np.float64)))
    expected = -np.sum(stats.bernoulli.logpmf(x, p), axis=1)
    np.testing.assert_allclose(
        reconstruction("bernoulli", jnp.asarray(logits), jnp.asarray(x)), expected, rtol=1e-4
    )
    np.testing.assert_allclose(
        decoder_mean("bernoulli", jnp.asarray(logits)), 1 / (1 + np.exp(-logits)), rtol=1e-5
    )


@pytest.mark.parametrize(("mean", "sigma"), [(0.0, 1.0), (1.5, 0.3), (-2.0, 2.0), (0.0, 1e-3)])
def test_kl_against_quadrature(mean, sigma):
    z = np.linspace(mean - 12 * sigma, mean + 12 * sigma, 20_001)
    q = stats.norm.pdf(z, mean, sigma)
    expected = np.trapezoid(q * (stats.norm.logpdf(z, mean, sigma) - stats.norm.logpdf(z)), z)
    found = gaussian_kl(np.array([mean], np.float32), np.array([2 * np.log(sigma)], np.float32))
    np.testing.assert_allclose(found, [expected], rtol=1e-5, atol=1e-6)


def test_kl_keeps_its_digits_near_zero():
    """exp(v) − 1 − v cancels for small v: the KL of a nearly collapsed posterior must not be rounding noise."""
    found = gaussian_kl(np.zeros(1, np.float32), np.array([1e-3], np.float32))
    np.testing.assert_allclose(found, [0.5 * (np.expm1(1e-3) - 1e-3)], rtol=1e-3)


@pytest.mark.integration
def test_terms_are_unreduced_and_average_to_the_objective():
    module = VAE(VAEConfig(latent_dim=3, hidden=(8,)), 6, "gaussian", rngs=nnx.Rngs(params=0))
    x = jax.random.normal(jax.random.key(0), (40, 6))
    terms = module.terms(jax.random.key(1), x)
    assert terms.recon.shape == (40,)
    assert terms.kl.shape == (40, 3)
    mean, log_var = module.encode(x)
    np.testing.assert_allclose(terms.kl, gaussian_kl(mean, log_var), rtol=1e-6)
    # z is a draw of q(z|x): D over many keys averages to its expectation, here taken with other keys.
    keys = jax.random.split(jax.random.key(2), 800)
    first, second = (
        np.stack([module.terms(k, x).recon.mean() for k in half]) for half in (keys[:100], keys[100:200])
    )
    stderr = np.sqrt(first.var() / 100 + second.var() / 100)
    assert abs(first.mean() - second.mean()) < 5 * stderr


def test_noise_variance():
    assert noise_variance(1.0, 2.0) == 1.0
    assert noise_variance(0.0, 1.0) == float("inf")
