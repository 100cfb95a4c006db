"""Learned priors as densities: they integrate to one, and their draws follow the stated density."""

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from study import VAEConfig
from study.config import PriorConfig
from study.models import FAMILY_CLASSES as KNOWN
from study.models.priors.base import Mixture
from study.models.priors.lars import LarsPrior
from study.models.priors.vamp import VampPrior
from tests.tiers import first_of

pytestmark = pytest.mark.integration

FAMILY_CLASSES: list[tuple[str, dict[str, Any]]] = [
    ("vampprior", {}),
    ("mog-prior", {"covariance": "diagonal"}),
    ("mog-prior", {"covariance": "full"}),
    ("flow-prior", {}),
    ("exemplar", {}),
    ("lars-prior", {"proposals": 100}),
    ("lars-prior", {"proposals": 3}),
]
NAMES = ["-".join([family, *map(str, settings.values())]) for family, settings in FAMILY_CLASSES]
SIZE, STEP, REACH = 5, 0.05, 12.0


def model(family: Any, d: int, *, scale: float = 0.4, likelihood: Any = "gaussian", **settings: Any) -> Any:
    """A model whose prior is far from its initial values."""
    prior = PriorConfig(**{"components": 4, "layers": 2, "hidden": (8,), **settings})
    config = VAEConfig(family=family, latent_dim=d, hidden=(8,), prior=prior)
    built = KNOWN[config.family](config, SIZE, likelihood, rngs=nnx.Rngs(params=jax.random.key(3)))
    graph, state = nnx.split(built)
    leaves, structure = jax.tree.flatten(state)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    if family == "flow-prior":  # steeper splines than these are beyond a grid, and beyond float32's inverse
        scale = 0.15
    moved = [x + scale * jax.random.normal(k, x.shape) for k, x in zip(keys, leaves, strict=True)]
    built = nnx.merge(graph, jax.tree.unflatten(structure, moved))
    assert built.prior is not None
    built.finish(jax.random.key(2), jax.random.normal(jax.random.key(4), (7, SIZE)))
    return built


def grid(d: int) -> np.ndarray:
    line = np.arange(-REACH, REACH, STEP if d == 1 else 2 * STEP, dtype=np.float32)
    return np.stack(np.meshgrid(*[line] * d, indexing="ij"), -1).reshape(-1, d)


def weights(prior: Any, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Points, and the probability of the cell around each."""
    points = grid(d)
    volume = (STEP if d == 1 else 2 * STEP) ** d
    density = jax.jit(prior.log_prob)
    parts = [density(block) for block in points.reshape(16, -1, d)]
    return points.astype(np.float64), np.exp(np.concatenate(parts).astype(np.float64)) * volume


def uncertain(prior: Any) -> float:
    """Relative error of a density whose normaliser is estimated, at five standard errors."""
    if not isinstance(prior, LarsPrior):
        return 0.0
    return 5 * float(prior.normaliser_stderr[...] / prior.normaliser[...])


@pytest.mark.parametrize("family", ["mog-prior", "flow-prior"])
def test_densities_in_one_dimension_integrate_to_one(family):
    _, mass = weights(model(family, 1).prior, 1)
    assert mass.sum() == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize(("family", "settings"), FAMILY_CLASSES, ids=NAMES)
def test_densities_integrate_to_one_and_draws_have_their_moments(family, settings):
    prior: Any = model(family, 2, **settings).prior
    points, mass = weights(prior, 2)
    # cells of 0.1 are small against every scale here; the tails beyond ±12 are empty
    assert mass.sum() == pytest.approx(1, abs=2e-3 + uncertain(prior))
    n = 40_000
    draw = jax.jit(lambda key: prior.sample(key, n=n))
    z = np.asarray(draw(jax.random.key(7)), np.float64)
    assert z.shape == (n, 2) and np.isfinite(z).all()
    for a, b in itertools.product(range(3), range(3)):
        if not 0 < a + b < 4:
            continue
        exact = (points[:, 0] ** a * points[:, 1] ** b) @ mass / mass.sum()
        found = z[:, 0] ** a * z[:, 1] ** b
        error = 5 * found.std() / np.sqrt(n) + 2e-3 + uncertain(prior) * abs(found).mean()
        assert found.mean() == pytest.approx(exact, abs=error), (a, b)


def test_draws_of_a_mixture_do_not_come_in_groups():
    prior: Any = model("mog-prior", 2, scale=2.0).prior
    z = np.asarray(prior.sample(jax.random.key(0), n=4000))
    correlation = np.corrcoef(z[1:, 0], z[:-1, 0])[0, 1]
    assert abs(correlation) < 5 / np.sqrt(4000)


@pytest.mark.parametrize("covariance", first_of(["full", "diagonal"]))
def test_marginals_are_integrals_of_the_joint_density(covariance):
    prior = model("mog-prior", 2, covariance=covariance).prior
    assert isinstance(prior, Mixture)
    points, mass = weights(prior, 2)
    joint = mass.reshape(2 * [round(len(mass) ** 0.5)])
    line = np.unique(points[:, 0]).astype(np.float32)
    found = np.exp(prior.marginal_log_prob(jnp.stack([line, line], 1)))
    for j in range(2):
        np.testing.assert_allclose(joint.sum(1 - j) / (2 * STEP), found[:, j], atol=2e-3)


def test_a_vampprior_component_is_the_posterior_at_its_pseudo_input():
    built = model("vampprior", 3)
    prior = built.prior
    assert isinstance(prior, VampPrior)
    mean, log_var = built.encode(prior.pseudo_inputs)
    _, own_mean, own_log_var = prior.marginals()
    np.testing.assert_array_equal(own_mean, mean)
    np.testing.assert_array_equal(own_log_var, log_var)
    z = jax.random.normal(jax.random.key(0), (50, 3))
    each = -0.5 * ((z[:, None] - mean[None]) ** 2 / np.exp(log_var)[None] + log_var[None] + np.log(2 * np.pi))
    expected = np.log(np.exp(np.asarray(each.sum(-1), np.float64)).mean(1))
    np.testing.assert_allclose(prior.log_prob(z), expected, rtol=1e-4)


def test_a_vampprior_draws_with_the_encoder_s_own_scale():
    """A true standard deviation of 0.1 comes out as 0.1; squashing log_var first would give 0.607."""
    config = VAEConfig(family="vampprior", network="linear", latent_dim=2, prior=PriorConfig(components=1))
    built: Any = KNOWN[config.family](config, SIZE, "gaussian", rngs=nnx.Rngs(params=0))
    built.encoder.log_var[...] = jnp.full((2,), 2 * jnp.log(0.1))
    z = np.asarray(built.prior.sample(jax.random.key(0), n=20_000))
    np.testing.assert_allclose(z.std(0), 0.1, atol=5 * 0.1 / np.sqrt(2 * 20_000))


@pytest.mark.parametrize("likelihood", first_of(["gaussian", "bernoulli"]))
def test_pseudo_inputs_begin_at_training_examples_and_stay_in_the_data_s_range(likelihood):
    prior = model("vampprior", 2, likelihood=likelihood).prior
    assert isinstance(prior, VampPrior)
    train = jax.random.bernoulli(jax.random.key(0), 0.5, (30, SIZE)).astype(jnp.float32)
    prior.start(jax.random.key(1), train)
    u = np.asarray(prior.pseudo_inputs)
    distance = np.abs(u[:, None] - np.asarray(train)[None]).max(-1).min(1)
    np.testing.assert_allclose(distance, 0.02 if likelihood == "bernoulli" else 0, atol=1e-6)
    if likelihood == "bernoulli":
        prior.raw[...] = 50 * jax.random.normal(jax.random.key(2), prior.raw[...].shape)
        u = np.asarray(prior.pseudo_inputs)
        assert u.min() >= 0 and u.max() <= 1


def test_the_acceptance_rate_is_that_of_plain_monte_carlo():
    prior = model("lars-prior", 2).prior
    assert isinstance(prior, LarsPrior)
    points = grid(2)
    base = np.exp(-0.5 * np.square(points, dtype=np.float64).sum(1)) / (2 * np.pi) * (2 * STEP) ** 2
    exact = np.exp(np.asarray(prior.log_acceptance(jnp.asarray(points)), np.float64)) @ base
    found, stderr = float(prior.normaliser[...]), float(prior.normaliser_stderr[...])
    assert 0 < stderr < 0.002
    assert found == pytest.approx(exact, abs=5 * stderr)
    # the objective's own estimate, from as many fresh draws as it is given
    prior.draws = 20_000
    z = jax.random.normal(jax.random.key(1), (100, 2))
    log_q = -0.5 * (jnp.square(z) + jnp.log(2 * jnp.pi)).sum(-1)
    estimated = prior.training_log_prob(jax.random.key(2), z, log_q)
    spread = np.exp(np.asarray(prior.log_acceptance(jnp.asarray(points)))).std() / found / np.sqrt(20_000)
    np.testing.assert_allclose(estimated, prior.log_prob(z), atol=5 * spread + 1e-4)


@pytest.mark.parametrize(("family", "settings"), FAMILY_CLASSES[:-1], ids=NAMES[:-1])
def test_gradients_reach_every_parameter_of_the_prior(family, settings):
    graph, state = nnx.split(model(family, 3, **settings))
    x = jax.random.uniform(jax.random.key(0), (32, SIZE))

    def rate(state: Any) -> jax.Array:
        terms = nnx.merge(graph, state).terms(jax.random.key(1), x)
        assert terms.kl.shape == (32, 1)
        return terms.kl.sum(-1).mean()

    gradients = jax.jit(jax.grad(rate))(state)["prior"]
    trained = {
        name: value for name, value in nnx.to_flat_state(gradients) if not str(name[0]).startswith("normal")
    }
    assert trained
    for name, value in trained.items():
        assert np.isfinite(value[...]).all() and np.abs(value[...]).max() > 0, name


def test_a_flow_begins_as_the_standard_normal_and_inverts_exactly():
    config = VAEConfig(family="flow-prior", latent_dim=3)
    fresh = KNOWN[config.family](config, SIZE, "gaussian", rngs=nnx.Rngs(params=0)).prior
    assert fresh is not None
    z = 2 * jax.random.normal(jax.random.key(0), (200, 3))
    normal = -0.5 * (np.square(z) + np.log(2 * np.pi)).sum(-1)
    np.testing.assert_allclose(jax.jit(fresh.log_prob)(z), normal, atol=1e-4)
    prior: Any = model("flow-prior", 3).prior
    for coupling in prior.couplings:
        there, up = jax.jit(coupling)(z)
        back, down = jax.jit(functools.partial(coupling, inverse=True))(there)
        np.testing.assert_allclose(back, z, atol=2e-4)
        np.testing.assert_allclose(up, -down, atol=2e-3)
