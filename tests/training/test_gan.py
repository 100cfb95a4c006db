"""The GAN: each loss trains its own network, training reaches a closed-form solution, and no codes are requested."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from study import (
    Dataset,
    StudyError,
    TrainConfig,
    VAEConfig,
    likelihood,
    load_dataset,
    load_model,
    save_model,
    train,
)
from study.config import ObjectiveConfig
from study.errors import CannotFit
from study.metrics.evaluate import Evaluator
from study.metrics.kid import KernelReference, kid
from study.scoring.context import Context
from study.scoring.evaluate import evaluate_model
from study.training import Architecture, Cell, engine, train_cells
from study.training.model import TrainedModel

SMALL = VAEConfig(family="gan", latent_dim=3, hidden=(16,))
KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture(scope="module")
def model(digits: Dataset) -> TrainedModel:
    config = VAEConfig(family="gan", latent_dim=8, hidden=(64,))
    return train(digits, config, training=TrainConfig(steps=2000, batch_size=64))


def distance(model: TrainedModel, digits: Dataset) -> float:
    """KID in pixels between draws and validation data."""
    z = np.asarray(jax.random.normal(KEY, (500, model.architecture.config.latent_dim)))
    return kid(model.decode(z), KernelReference.of(digits.validation)).value


@pytest.mark.integration
def test_draws_come_nearer_to_the_data(digits, model, tmp_path):
    """Two networks compete, so no loss need fall, but the distance between samples and data does."""
    fresh = model.architecture.initialise(jax.random.key(0))
    before = TrainedModel(model.architecture, fresh, 1.0, 1.0, 0, model.losses)
    assert distance(model, digits) < 0.1 * distance(before, digits)
    assert model.finite and np.isnan(model.losses).all()
    save_model(model, tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    z = np.eye(8, dtype=np.float32)
    np.testing.assert_array_equal(again.decode(z), model.decode(z))
    assert again.architecture == model.architecture and not again.encodes and again.noise_variance == 0


@pytest.mark.integration
def test_a_grid_is_one_program_and_the_weights_have_no_part_in_it(digits):
    compilations = 0

    def count(event: str, duration_secs: float, **_: str | int) -> None:
        nonlocal compilations
        compilations += event == "/jax/core/compile/backend_compile_duration"

    engine._program.cache_clear()
    cells = [Cell(alpha, beta, seed, 1e-3) for seed in (0, 1) for alpha, beta in ((1.0, 0.1), (3.0, 1.0))]
    trained = train_cells(digits, Architecture.of(SMALL, digits), TrainConfig(steps=50), cells)
    found = [next(trained), next(trained)]
    jax.monitoring.register_event_duration_secs_listener(count)
    try:
        found += list(trained)
    finally:
        jax.monitoring.unregister_event_duration_listener(count)
    assert compilations == 0
    first, other, seed, _ = (
        np.concatenate([np.ravel(p) for p in jax.tree.leaves(f.model.parameters)]) for f in found
    )
    np.testing.assert_array_equal(first, other)
    assert (first != seed).any()


def test_the_generator_begins_as_the_decoder_of_a_vae(digits):
    starts = [
        Architecture.of(VAEConfig(family=family, latent_dim=3, hidden=(16,)), digits).initialise(KEY)[
            "decoder"
        ]
        for family in ("gan", "vae")
    ]
    for ours, theirs in zip(*map(jax.tree.leaves, starts), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.integration
def test_each_loss_moves_its_own_network(digits):
    """Gradients of the sum equal those of the paper's two losses, computed without stop-gradients."""
    architecture = Architecture.of(SMALL, digits)
    parameters = architecture.initialise(KEY)
    x, key = jnp.asarray(digits.train[:20]), jax.random.key(1)
    one = jnp.float32(1.0)
    found = jax.grad(lambda p: architecture.merge(p).loss(key, x, None, one, one).value)(parameters)

    def losses(p: nnx.State) -> tuple[jax.Array, jax.Array]:
        gan: Any = architecture.merge(p)
        logit = lambda x: gan.discriminator(x)[0][:, 0]  # noqa: E731
        made = gan.decode(jax.random.normal(key, (20, 3)))
        slopes = jax.vmap(jax.grad(lambda x: logit(x[None, :])[0]))(x)
        real, fake = jax.nn.sigmoid(logit(x)), jax.nn.sigmoid(logit(made))
        penalty = 0.5 * (slopes**2).sum(1).mean()
        return -jnp.log(fake).mean(), -jnp.log(real).mean() - jnp.log(1 - fake).mean() + penalty

    of_generator, of_discriminator = (jax.grad(lambda p, i=i: losses(p)[i])(parameters) for i in (0, 1))
    for part, expected in (("decoder", of_generator), ("discriminator", of_discriminator)):
        pairs = zip(jax.tree.leaves(found[part]), jax.tree.leaves(expected[part]), strict=True)
        for ours, theirs in pairs:
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
        assert max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(found[part])) > 1e-3


def test_the_value_and_its_penalty_in_float64(digits):
    """With an affine discriminator T(x) = w·x + b the penalty is ½γ|w|²."""
    x = digits.train[:200]
    values: list[float] = []
    gan: Any = None
    for weight in (0.0, 3.0):
        objective = ObjectiveConfig(gradient_penalty=weight)
        config = VAEConfig(family="gan", network="linear", latent_dim=3, objective=objective)
        architecture = Architecture.of(config, digits)
        gan = architecture.merge(architecture.initialise(KEY))
        values.append(
            float(gan.loss(jax.random.key(1), jnp.asarray(x), None, jnp.float32(1), jnp.float32(1)).value)
        )
    to64 = lambda a: np.asarray(a, np.float64)  # noqa: E731
    w, b = (to64(p[...]) for p in (gan.discriminator.mean.kernel, gan.discriminator.mean.bias))
    g, c = (to64(p[...]) for p in (gan.decoder.kernel, gan.decoder.bias))
    fake = ((to64(jax.random.normal(jax.random.key(1), (200, 3))) @ g + c) @ w + b)[:, 0]
    real = (to64(x) @ w + b)[:, 0]
    expected = np.logaddexp(0, [-fake, -real, fake]).mean(1).sum()
    assert values[0] == pytest.approx(expected, rel=1e-5)
    assert values[1] - values[0] == pytest.approx(1.5 * (w**2).sum(), rel=1e-4)


@pytest.mark.integration
def test_against_an_affine_discriminator_the_mean_is_learned():
    """At the fixed point no affine T distinguishes the two: equal means. Without the penalty training would circle it.

    The tolerance is five standard errors, of both means over the data and of the noise of the last minibatches.
    """
    rng = np.random.default_rng(0)
    data = Dataset(
        "gaussian", *np.split(rng.normal([2.0, -1.0], 0.5, (3000, 2)).astype(np.float32), [2000, 2500]), (2,)
    )
    config = VAEConfig(
        family="gan", network="linear", latent_dim=1, objective=ObjectiveConfig(gradient_penalty=1.0)
    )
    training = TrainConfig(steps=3000, batch_size=500, learning_rate=1e-2, schedule="cosine")
    model = train(data, config, training=training)
    mean = model.decode(np.zeros((1, 1), np.float32))[0]  # of an affine generator's draws
    np.testing.assert_allclose(mean, data.train.mean(0), atol=5 * 0.5 * np.sqrt(1 / 500 + 1 / 2000))


def test_what_needs_codes_is_a_row_with_its_reason(digits, model, extractor_of):
    found = evaluate_model(
        Context(KEY, model, None, digits, (Evaluator(digits, extractor_of(digits)),)),
        strategies=("prior", "posterior", "gmm", "reconstruction", "held-out"), fits=1, density_draws=100,
    )  # fmt: skip
    rows = found.metrics[found.metrics["metric"] == "kid"].set_index("strategy")
    assert rows["status"].to_dict() == {
        "prior": "ok", "posterior": "missing", "gmm": "missing", "reconstruction": "missing", "held-out": "ok",
    }  # fmt: skip
    assert rows.loc["gmm", "reason"] == (
        "strategy 'gmm': needs codes, but family 'gan' has no encoder; sample its prior"
    )
    assert "family 'gan' has no encoder" in str(rows.loc["reconstruction", "reason"])
    assert found.latents.empty and set(found.arrays) >= {"prior", "held-out"}
    assert not any(name.startswith("draws/") for name in found.arrays)
    assert "model" not in set(found.metrics["strategy"])


def test_what_it_cannot_do_is_said(digits, model):
    with pytest.raises(CannotFit, match="family 'gan' has no encoder; draw from its prior alone"):
        model.encode(digits.test)
    with pytest.raises(CannotFit, match="likelihood: family 'gan' has no encoder to propose z from"):
        likelihood(KEY, model, digits.test[:3], samples=(5,))
    with pytest.raises(StudyError, match="gradient_penalty: weights of a loss cannot be negative, got -1"):
        ObjectiveConfig(gradient_penalty=-1)


@pytest.mark.slow
def test_a_conv_network_learns_digits(digits):
    config = VAEConfig(family="gan", network="conv", latent_dim=8, channels=(8, 16))
    model = train(digits, config, training=TrainConfig(steps=600, batch_size=64))
    fresh = TrainedModel(model.architecture, model.architecture.initialise(KEY), 1.0, 1.0, 0, model.losses)
    assert distance(model, digits) < 0.5 * distance(fresh, digits)
