"""Losses of the families against closed forms, float64 and plain loops."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy import stats

from study import AggregatePosterior, Latents, StudyError, VAEConfig
from study.config import ObjectiveConfig
from study.models import FAMILY_CLASSES
from study.models.families.beta_tc_vae import log_aggregate
from study.models.families.iwae import importance_weighted
from study.models.families.rae import decoder_norm
from study.models.families.sigma_vae import negative_log_likelihood
from study.models.mmd import mmd

SIZE, D, BATCH = 6, 3, 20
SCALES = (0.1, 1.0, 5.0)
ALPHA, BETA = jnp.float32(2.0), jnp.float32(0.5)


def build(family: Any, *, network: Any = "mlp", likelihood: Any = "gaussian", **settings: Any) -> Any:
    config = VAEConfig(
        family=family, network=network, latent_dim=D, hidden=(8,), objective=ObjectiveConfig(**settings)
    )
    return FAMILY_CLASSES[family](config, SIZE, likelihood, rngs=nnx.Rngs(params=0))


@pytest.fixture(scope="module")
def x() -> jax.Array:
    return jax.random.uniform(jax.random.key(9), (BATCH, SIZE))


def key(i: int = 0) -> jax.Array:
    return jax.random.key(i)


# σ-VAE


def test_sigma_vae_s_likelihood_is_that_of_a_normal_distribution(x):
    output = np.asarray(x) + 0.3
    recon = np.square(output - np.asarray(x)).sum(1)
    exact = -stats.norm(output, 0.2).logpdf(x).sum(1)
    np.testing.assert_allclose(
        negative_log_likelihood(jnp.asarray(recon), jnp.log(jnp.float32(0.04)), SIZE), exact, rtol=1e-5
    )


@pytest.mark.integration
def test_the_optimal_variance_is_the_minimum_and_has_the_gradient_of_one_held_fixed(x):
    """The loss with optimal σ² = MSE is below that of any other variance, and has the gradient of a fixed σ² = MSE."""
    best = build("sigma-vae", noise="optimal")
    value = best.loss(key(), x, None, ALPHA, BETA)
    mse = float(value.recon.mean()) / SIZE
    fixed = build("sigma-vae")
    for factor in (0.8, 1.0, 1.25):
        fixed.log_variance[...] = jnp.log(jnp.float32(mse * factor))
        other = float(fixed.loss(key(), x, None, ALPHA, BETA).value - value.value)
        assert other == pytest.approx(0, abs=1e-4) if factor == 1 else other > 0.01
    fixed.log_variance[...] = jnp.log(jnp.float32(mse))

    def gradient(model: Any) -> Any:
        graph, state = nnx.split(model)
        return jax.grad(lambda s: nnx.merge(graph, s).loss(key(), x, None, ALPHA, BETA).value)(state)

    ours, theirs = gradient(best), gradient(fixed)
    for part in ("encoder", "decoder"):
        for a, b in zip(jax.tree.leaves(ours[part]), jax.tree.leaves(theirs[part]), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
    # after training it is set from all the data, here in blocks with a remainder
    many = jnp.tile(x, (3000 // len(x), 1))
    best.finish(key(), many)
    codes, log_var = best.encode(many)
    z = codes + jnp.exp(0.5 * log_var) * jax.random.normal(jax.random.key(9), codes.shape)
    errors = np.asarray(best.distortion(many, z)) / SIZE
    assert best.noise_variance(ALPHA, BETA) == pytest.approx(errors.mean(), rel=0.05)


def test_sigma_vae_needs_a_gaussian_decoder_and_begins_at_the_data_s_variance(x):
    model = build("sigma-vae")
    model.start(key(), x)
    assert model.noise_variance(ALPHA, BETA) == pytest.approx(np.asarray(x).var(0).mean(), rel=1e-5)
    with pytest.raises(StudyError, match=r"family 'sigma-vae': .* choose likelihood 'gaussian'"):
        build("sigma-vae", likelihood="bernoulli")


# IWAE


def test_the_importance_weighted_bound_in_float64():
    rng = np.random.default_rng(0)
    recon, ratio = 30 * rng.random((7, 5)), 9 * rng.random((7, 5))
    for alpha, beta in ((1.0, 1.0), (2.0, 0.5)):
        exact = -beta * np.log(np.exp(-(alpha * recon + beta * ratio) / beta).mean(0))
        found = importance_weighted(*(jnp.float32(a) for a in (recon, ratio, alpha, beta)))
        np.testing.assert_allclose(found, exact, rtol=1e-5)
    one = importance_weighted(*(jnp.float32(a) for a in (recon[:1], ratio[:1], 2.0, 0.5)))
    np.testing.assert_allclose(one, 2 * recon[0] + 0.5 * ratio[0], rtol=1e-5)
    # β = 0, where a warm-up begins: the best of the draws
    none = importance_weighted(*(jnp.float32(a) for a in (recon, ratio, 2.0, 0.0)))
    np.testing.assert_allclose(none, 2 * recon.min(0), rtol=1e-4)


@pytest.mark.integration
def test_iwae_of_a_linear_model_tends_to_its_likelihood(x):
    """K = 1 is the ELBO in closed form; with many draws the exact −log p(x), here of N(b, W Wᵀ + sI)."""
    model = build("iwae", network="linear", samples=20_000)
    model.encoder.log_var[...] = jnp.full((D,), -0.5)
    s = float(BETA / (2 * ALPHA))
    w, b = (np.asarray(a, np.float64) for a in (model.decoder.kernel[...], model.decoder.bias[...]))
    exact = -stats.multivariate_normal(b, w.T @ w + s * np.eye(SIZE)).logpdf(np.asarray(x))
    constant = 0.5 * SIZE * np.log(2 * np.pi * s)  # what α·D/β leaves out of a Gaussian's −log p(x|z)

    found = model.loss(key(), x, None, ALPHA, BETA)
    assert found.recon.shape == found.rate.shape == (BATCH,)
    mean, log_var = model.encode(x)
    epsilon = jax.random.normal(key(), (20_000, *mean.shape))
    z = mean[None] + jnp.exp(0.5 * log_var)[None] * epsilon
    recon = jax.vmap(lambda z: model.distortion(x, z))(z)
    ratio = 0.5 * (z**2 - epsilon**2 - log_var[None]).sum(-1)
    weights = np.exp(-np.asarray(ALPHA * recon / BETA + ratio, np.float64))
    spread = weights.std(0) / weights.mean(0) / np.sqrt(20_000)  # of each log-mean; independent over examples
    error = 5 * np.sqrt(np.square(spread).sum()) / BATCH
    assert float(found.value) / float(BETA) + constant == pytest.approx(exact.mean(), abs=error + 1e-3)

    # and one draw, over many keys, is α·D + β·R in expectation
    single = build("iwae", network="linear", samples=1)
    single.encoder.log_var[...] = jnp.full((D,), -0.5)
    draws = jax.vmap(lambda k: single.loss(k, x, None, ALPHA, BETA).value)(jax.random.split(key(1), 4000))
    expected = float(ALPHA * recon.mean() + BETA * found.rate.mean())
    assert draws.mean() == pytest.approx(expected, abs=5 * float(draws.std()) / np.sqrt(4000) + 2e-3)


# β-TC-VAE


def posteriors(n: int, *, spread: float = 1.0, log_var: float = -1.0) -> Latents:
    rng = np.random.default_rng(4)
    mean = spread * rng.normal(size=(n, 2))
    return Latents(mean.astype("f"), (log_var + 0.3 * rng.normal(size=(n, 2))).astype("f"))


def estimate(z: np.ndarray, mean: np.ndarray, log_var: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    joint, marginal = log_aggregate(jnp.asarray(z), jnp.asarray(mean), jnp.asarray(log_var), jnp.float32(n))
    return np.asarray(joint, np.float64), np.asarray(marginal, np.float64)


@pytest.mark.integration
def test_the_estimate_of_q_from_minibatches_is_unbiased():
    """Averaged over all choices of the other examples, the estimate is the exact density of all N."""
    n, batch = 7, 3
    latents = posteriors(n)
    z = latents.sample(key())
    exact = np.exp(AggregatePosterior(latents).log_prob(z))
    marginal = [
        np.exp(AggregatePosterior(Latents(latents.mean[:, [j]], latents.log_var[:, [j]])).log_prob(z[:, [j]]))
        for j in range(2)
    ]
    for own in range(n):
        others = [i for i in range(n) if i != own]
        joint, single = [], []
        for rest in itertools.combinations(others, batch - 1):
            rows = np.array([own, *rest])
            a, b = estimate(z[rows], latents.mean[rows], latents.log_var[rows], n)
            joint.append(np.exp(a[0]))
            single.append(np.exp(b[0]))
        assert np.mean(joint) == pytest.approx(exact[own], rel=1e-5)
        np.testing.assert_allclose(np.mean(single, 0), [m[own] for m in marginal], rtol=1e-5)


@pytest.mark.integration
def test_the_estimate_is_exact_where_the_batch_is_all_there_is():
    latents = posteriors(64)
    z = latents.sample(key())
    joint, marginal = estimate(z, latents.mean, latents.log_var, 64)
    np.testing.assert_allclose(joint, AggregatePosterior(latents).log_prob(z), atol=1e-4)
    assert marginal.shape == (64, 2)


@pytest.mark.parametrize("n", [64, 1000, 60_000])
def test_mutual_information_reaches_log_n_and_is_0_where_nothing_is_known(n):
    """Posteriors far apart identify n: the information is log N, not log(batch − 1) as with wrongly placed weights."""
    far = posteriors(64, spread=1e4)
    for latents, information in ((far, np.log(n)), (posteriors(1), 0.0)):
        mean, log_var = (np.broadcast_to(a, (64, 2)) for a in (latents.mean, latents.log_var))
        z = Latents(mean, log_var).sample(key())
        joint, _ = estimate(z, mean, log_var, n)
        own = stats.norm(mean, np.exp(0.5 * log_var)).logpdf(z).sum(1)
        assert (own - joint).mean() == pytest.approx(information, abs=1e-4)


def test_beta_tc_vae_weighs_total_correlation_alone(x):
    plain = build("vae").loss(key(), x, None, ALPHA, BETA)
    model = build("beta-tc-vae", tc_weight=1.0)
    model.start(key(), x)
    np.testing.assert_allclose(model.loss(key(), x, None, ALPHA, BETA).value, plain.value, rtol=1e-6)
    heavy = build("beta-tc-vae", tc_weight=3.0)
    heavy.start(key(), x)
    mean, log_var = (np.asarray(a) for a in heavy.encode(x))
    z = mean + np.exp(0.5 * log_var) * np.asarray(jax.random.normal(key(), mean.shape))
    q = AggregatePosterior(Latents(mean, log_var)).log_prob(z)
    each = [AggregatePosterior(Latents(mean[:, [j]], log_var[:, [j]])).log_prob(z[:, [j]]) for j in range(D)]
    correlation = (q - np.sum(each, 0)).mean()
    found = heavy.loss(key(), x, None, ALPHA, BETA).value - plain.value
    assert found == pytest.approx(float(BETA) * 2 * correlation, abs=1e-4)


# MMD, InfoVAE, WAE


def looped_mmd(x: np.ndarray, y: np.ndarray) -> float:
    def k(a: np.ndarray, b: np.ndarray) -> float:
        squared = float(((a.astype(np.float64) - b) ** 2).sum())
        return sum(2 * len(a) * c / (2 * len(a) * c + squared) for c in SCALES)

    n = len(x)
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    within = sum(k(x[i], x[j]) + k(y[i], y[j]) for i, j in pairs) / (n * (n - 1))
    return within - 2 * sum(k(a, b) for a in x for b in y) / n**2


@pytest.mark.integration
def test_mmd_against_plain_loops_and_its_own_null():
    a, b = (np.asarray(jax.random.normal(key(i), (9, 2))) + i for i in range(2))
    assert mmd(jnp.asarray(a), jnp.asarray(b), SCALES) == pytest.approx(looped_mmd(a, b), abs=1e-5)

    def null(k: jax.Array) -> jax.Array:
        one, other = jax.random.normal(k, (2, 9, 2))
        return mmd(one, other, SCALES)

    values = jax.vmap(null)(jax.random.split(key(3), 2000))
    assert values.mean() == pytest.approx(0, abs=5 * float(values.std()) / np.sqrt(2000))
    assert values.min() < 0


def test_info_vae_is_the_vae_at_its_neutral_setting_and_mmd_alone_at_the_other(x):
    plain = build("vae").loss(key(), x, None, ALPHA, BETA)
    neutral = build("info-vae", information=0.0, mmd_weight=1.0, scales=SCALES)
    np.testing.assert_allclose(neutral.loss(key(), x, None, ALPHA, BETA).value, plain.value, rtol=1e-6)
    alone = build("info-vae", information=1.0, mmd_weight=7.0, scales=SCALES)
    mean, log_var = alone.encode(x)
    z = mean + jnp.exp(0.5 * log_var) * jax.random.normal(key(), mean.shape)
    prior = jax.random.normal(jax.random.fold_in(key(), 1), mean.shape)
    expected = float(ALPHA * plain.recon.mean()) + float(BETA) * 7 * looped_mmd(*map(np.asarray, (z, prior)))
    assert alone.loss(key(), x, None, ALPHA, BETA).value == pytest.approx(expected, rel=1e-5)


def test_wae_is_reconstruction_and_mmd_of_the_codes(x):
    model = build("wae", mmd_weight=7.0, scales=SCALES, code_variance=1e-4)
    mean, log_var = model.encode(x)
    np.testing.assert_allclose(log_var, np.log(1e-4), rtol=1e-6)
    recon = float(jnp.square(model.decode(mean) - x).sum(1).mean())
    apart = looped_mmd(np.asarray(mean), np.asarray(jax.random.normal(key(), mean.shape)))
    found = model.loss(key(), x, None, ALPHA, BETA)
    assert found.value == pytest.approx(float(ALPHA) * recon + float(BETA) * 7 * apart, rel=1e-5)
    exact = 0.5 * (np.square(mean).sum(1) + D * (1e-4 - 1 - np.log(1e-4)))
    np.testing.assert_allclose(found.rate, exact, rtol=1e-5)


# AE, RAE


def test_ae_and_rae_without_their_terms_are_reconstruction(x):
    ae = build("ae").loss(key(), x, None, ALPHA, BETA)
    np.testing.assert_allclose(ae.value, ALPHA * ae.recon.mean(), rtol=1e-6)
    assert build("ae").noise_variance(ALPHA, BETA) == 0
    rae = build("rae", penalty="none", code_variance=1e-6).loss(key(), x, None, ALPHA, BETA)
    mean, _ = build("rae").encode(x)
    np.testing.assert_allclose(rae.recon, ae.recon, rtol=1e-6)
    half = 0.5 * np.square(mean).sum(1).mean()
    np.testing.assert_allclose(rae.value, ae.value + BETA * half, rtol=1e-6)


def test_the_weights_of_the_decoder_are_all_of_them():
    model = build("rae")
    layers = model.decoder.layers
    exact = sum(
        np.square(np.asarray(a[...], np.float64)).sum() for one in layers for a in (one.kernel, one.bias)
    )
    assert decoder_norm(model.decoder) == pytest.approx(exact, rel=1e-5)


@pytest.mark.integration
@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_the_gradient_penalty_is_the_norm_of_the_jacobian(x, likelihood):
    free = build("rae", penalty="none", likelihood=likelihood).loss(key(), x, None, ALPHA, BETA).value
    model = build("rae", penalty="gradient", penalty_weight=2.0, likelihood=likelihood)
    mean, _ = model.encode(x)
    jacobian = jax.vmap(jax.jacfwd(lambda z: model.decode(z[None])[0]))(mean)
    exact = float(jnp.square(jacobian).sum((1, 2)).mean())
    values = jax.vmap(lambda k: model.loss(k, x, None, ALPHA, BETA).value)(jax.random.split(key(), 2000))
    found = (np.asarray(values) - float(free)) / (2 * float(BETA))
    assert found.mean() == pytest.approx(exact, abs=5 * found.std() / np.sqrt(2000) + 1e-4)


@pytest.mark.usefixtures("unchecked")
def test_wrong_settings_are_said():
    with pytest.raises(StudyError, match="samples: must be positive, got 0"):
        ObjectiveConfig(samples=0)
    with pytest.raises(StudyError, match="scales: give at least one, all of them positive"):
        ObjectiveConfig(scales=(1.0, 0.0))
    with pytest.raises(StudyError, match="penalty_weight: weights of a loss cannot be negative, got -1"):
        ObjectiveConfig(penalty_weight=-1.0)
    with pytest.raises(StudyError, match="penalty: expected one of l2, gradient, none"):
        ObjectiveConfig(penalty="spectral")  # type: ignore[arg-type]
