"""The engine's contract with a family: its loss, blocks of validation data, labels for conditional families only."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from study import Dataset, StudyError, TrainConfig, VAEConfig, load_dataset, train
from study.config.serialise import to_dict
from study.models import FAMILY_CLASSES
from study.models.base import Loss
from study.models.families.vae import VAE
from study.models.likelihoods import decoder_mean
from study.scoring.encode import encode
from study.training import Architecture, Cell, engine, train_cells
from tests.tiers import first_of, variant

pytestmark = pytest.mark.integration

TINY = TrainConfig(steps=30, batch_size=64)


class Labelled(VAE):
    """A family that sees labels: the encoder and the decoder get them one-hot."""

    conditional = True

    def encode(self, x: jax.Array, labels: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
        assert labels is not None
        return self.encoder(jnp.concatenate([x, jax.nn.one_hot(labels, 10)], 1))

    def output(self, z: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        assert labels is not None
        return self.decoder(jnp.concatenate([z, jax.nn.one_hot(labels, 10)], 1))


class Seen(VAE):
    """A family whose loss is the number of examples that it sees."""

    blockwise = True

    def loss(self, key: jax.Array, x: jax.Array, labels: Any, alpha: jax.Array, beta: jax.Array) -> Loss:
        assert labels is None
        found = super().loss(key, x, labels, alpha, beta)
        return found._replace(recon=jnp.full(len(x), float(len(x))), rate=x[:, 0])


@pytest.fixture
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture
def other_family(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Replaces the class of "vae" by another, and clears cached programs of both."""

    def use(family: type[VAE]) -> None:
        monkeypatch.setitem(FAMILY_CLASSES, "vae", family)
        engine._program.cache_clear()

    yield use
    engine._program.cache_clear()
    jax.clear_caches()


def test_a_conditional_family_gets_the_labels_of_its_examples(digits, other_family):
    other_family(Labelled)
    # Another configuration than in any other test, since graphs and programs are cached by it.
    config = VAEConfig(latent_dim=3, hidden=(17,))
    model = train(digits, config, training=TINY)
    assert model.conditional and model.architecture.classes == 10
    x, y = digits.test[:60], digits.test_labels[:60]
    mean, _ = model.encode(x, y)
    assert np.abs(model.encode(x, (y + 1) % 10)[0] - mean).max() > 0.01
    assert np.abs(model.decode(mean, (y + 1) % 10) - model.decode(mean, y)).max() > 0.01
    np.testing.assert_array_equal(encode(model, x, labels=y).mean, mean)
    with pytest.raises(StudyError, match="family 'vae' needs labels; give one per row"):
        model.encode(x)
    with pytest.raises(StudyError, match=r"labels must be \[60\] in 0 .. 9, got \[60\] from 1 to 10"):
        model.decode(mean, y.clip(0, 8) + 1 + (y > 8))
    unlabelled = Dataset("plain", digits.train, digits.validation, digits.test, (8, 8))
    with pytest.raises(StudyError, match="family 'vae': dataset 'plain' has no labels"):
        train(unlabelled, config, training=TINY)


def test_validation_in_blocks_of_about_a_batch(digits, other_family):
    other_family(Seen)
    architecture = Architecture(VAEConfig(latent_dim=3, hidden=(18,)), 64, "gaussian")
    assert architecture.blockwise
    (trained,) = train_cells(digits, architecture, TINY, [Cell(1.0, 1.0, 0, 1e-3)])
    # 200 validation examples in batches of 64 at most: four blocks of 50, none left out
    np.testing.assert_array_equal(trained.model.losses[:, :, 0], np.tile([64.0, 50.0], (2, 1)))
    np.testing.assert_allclose(trained.model.losses[:, 1, 1], digits.validation[:, 0].mean(), atol=1e-6)


def test_what_a_family_does_not_use_decides_no_key():
    assert VAEConfig(latent_dim=2).deciding == {
        "family": "vae", "network": "mlp", "latent_dim": 2, "hidden": [128, 128], "likelihood": "auto",
        "activation": "relu", "output_bias": "zero",
    }  # fmt: skip
    assert VAEConfig(family="vampprior", network="linear").deciding == {
        "family": "vampprior", "network": "linear", "latent_dim": 8, "likelihood": "auto",
        "prior": {"components": 50},
    }  # fmt: skip
    assert set(to_dict(VAEConfig())) > set(VAEConfig().deciding)


def test_settings_of_a_network_decide_keys_where_it_has_them():
    made = VAEConfig(activation="tanh", output_bias="data").deciding
    assert (made["activation"], made["output_bias"]) == ("tanh", "data")
    unused = VAEConfig(network="linear", activation="tanh", output_bias="data")
    assert unused.deciding == VAEConfig(network="linear").deciding


@pytest.mark.parametrize("likelihood", first_of(["gaussian", "bernoulli"]))
@pytest.mark.parametrize("family", ["vae", "cvae", "gan", "vampprior"])
def test_a_decoder_may_begin_at_the_mean_of_the_data(digits, family, likelihood):
    """The output bias gives the mean of the data; all other parameters have the same initial values."""
    zero = VAEConfig(family=family, latent_dim=3, hidden=(16,), likelihood=likelihood)
    plain, begun = (
        Architecture.of(dataclasses.replace(zero, output_bias=start), digits) for start in ("zero", "data")
    )
    first, second = (a.initialise(jax.random.key(0), jnp.asarray(digits.train)) for a in (plain, begun))
    differing = [
        path
        for (path, a), b in zip(jax.tree.leaves_with_path(first), jax.tree.leaves(second), strict=True)
        if not np.array_equal(a, b)
    ]
    assert len(differing) == 1 and "decoder" in str(differing[0]) and "bias" in str(differing[0])
    bias = begun.merge(second).decoder.layers[-1].bias[...]
    mean = digits.train.mean(0)
    expected = np.clip(mean, 1e-3, 1 - 1e-3) if likelihood == "bernoulli" else mean
    np.testing.assert_allclose(decoder_mean(likelihood, bias), expected, atol=1e-5)


def test_an_mlp_with_tanh_is_numpy_s(digits):
    config = VAEConfig(latent_dim=3, hidden=(16, 8), activation="tanh")
    model = train(digits, config, training=TINY)
    z = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    layers = model.architecture.merge(model.parameters).decoder.layers
    x = z.astype(np.float64)
    for i, layer in enumerate(layers):
        x = x @ np.asarray(layer.kernel[...], np.float64) + np.asarray(layer.bias[...], np.float64)
        x = np.tanh(x) if i < len(layers) - 1 else x
    np.testing.assert_allclose(model.decode(z), x, atol=1e-5)


@pytest.mark.parametrize(
    ("family", "likelihood"), [("vae", "gaussian"), ("vae", "bernoulli"), variant("ae", "gaussian")]
)
def test_draws_of_x_are_of_the_decoder_s_distribution(digits, family, likelihood):
    config = VAEConfig(family=family, latent_dim=3, hidden=(16,), likelihood=likelihood)
    model = train(digits, config, alpha=4.0, beta=2.0, training=TINY)
    z = np.tile(np.array([[0.5, -1.0, 0.2]], np.float32), (4000, 1))
    mean = model.decode(z[:1])[0]
    x = model.sample(jax.random.key(0), z)
    assert x.dtype == np.float32 and (likelihood == "gaussian" or set(np.unique(x)) == {0.0, 1.0})
    x = x.astype(np.float64)
    variance = (
        mean * (1 - mean) if likelihood == "bernoulli" else np.full(64, 0.0 if family == "ae" else 0.25)
    )
    assert likelihood == "bernoulli" or model.noise_variance == pytest.approx(variance[0])
    # five standard errors of a mean, and of a variance (largest where it is that of a normal distribution)
    np.testing.assert_array_less(np.abs(x.mean(0) - mean), 5 * np.sqrt(variance / 4000) + 1e-5)
    np.testing.assert_array_less(np.abs(x.var(0) - variance), 5 * variance.max() * np.sqrt(2 / 4000) + 1e-5)
