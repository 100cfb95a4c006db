"""The conv network against XLA's own convolutions, on images of all sizes, and in training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from study import StudyError, TrainConfig, VAEConfig, load_dataset, load_model, save_model, train
from study.models import FAMILY_CLASSES
from study.models.networks.conv import ConvDecoder, ConvEncoder, patches, sides, unpatch
from study.training import Architecture
from tests.tiers import variant

NHWC = ("NHWC", "HWIO", "NHWC")
OTHERS = [((8, 8), 0), ((32, 32, 3), 10), ((28, 28), 0), ((28, 28), 10)]


@pytest.mark.integration
@pytest.mark.parametrize("side", [(8, 8), (7, 7), (28, 20), (5, 9)])
@pytest.mark.parametrize("stride", [1, 2])
def test_patches_and_a_product_are_a_convolution(side, stride):
    image = jax.random.normal(jax.random.key(0), (3, *side, 2))
    kernel = jax.random.normal(jax.random.key(1), (4, 4, 2, 5))

    def convolve(image: jax.Array) -> jax.Array:
        return jax.lax.conv_general_dilated(image, kernel, (stride, stride), "SAME", dimension_numbers=NHWC)

    exact, back = jax.vjp(convolve, image)
    np.testing.assert_allclose(patches(image, stride) @ kernel.reshape(-1, 5), exact, atol=1e-4)
    # and the other way, the transposed convolution
    y = jax.random.normal(jax.random.key(2), exact.shape)
    made = unpatch(y @ kernel.reshape(-1, 5).T, side, stride)
    np.testing.assert_allclose(made, back(y)[0], atol=1e-4)


def test_strides_end_at_two_pixels():
    assert [side for side, _ in sides(28, 28, 4)] == [(28, 28), (14, 14), (7, 7), (4, 4), (2, 2)]
    assert [side for side, _ in sides(32, 32, 4)] == [(32, 32), (16, 16), (8, 8), (4, 4), (2, 2)]
    assert [side for side, _ in sides(8, 8, 4)] == [(8, 8), (4, 4), (2, 2), (2, 2), (2, 2)]
    assert [stride for _, stride in sides(8, 8, 4)] == [1, 2, 2, 1, 1]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("shape", "context"), [((8, 8), 10), ((32, 32, 3), 0), *(variant(s, c) for s, c in OTHERS)]
)
def test_shapes_scales_and_context(shape, context):
    size = int(np.prod(shape))
    encoder = ConvEncoder(shape, (16, 32), 3, context=context, rngs=nnx.Rngs(params=0))
    decoder = ConvDecoder(shape, (16, 32), 3 + context, rngs=nnx.Rngs(params=1))
    x = jax.random.normal(jax.random.key(0), (50, size + context))
    mean, log_var = jax.jit(lambda x: encoder(x))(x)
    assert mean.shape == log_var.shape == (50, 3)
    z = jax.random.normal(jax.random.key(1), (50, 3 + context))
    made = jax.jit(lambda z: decoder(z))(z)
    assert made.shape == (50, size)
    # fan-in initialisation keeps the order of magnitude, halved by each ReLU
    for out, layers in ((mean, 2), (made, 2)):
        assert 0.3 < float(out.std()) * 2 ** (layers / 2) < 1.7
    if context:
        other = x.at[:, size:].add(1.0)
        assert float(jnp.abs(encoder(other)[0] - mean).max()) > 0.01


def test_other_data_are_refused():
    data = load_dataset("digits")
    flat = type(data)("flat", data.train, data.validation, data.test, (64,))
    with pytest.raises(StudyError, match=r"network 'conv': needs images .* got examples of shape \[64\]"):
        train(flat, VAEConfig(network="conv"))
    with pytest.raises(StudyError, match="model: give channels, all of them positive"):
        VAEConfig(channels=())


def test_the_default_is_about_the_size_of_the_papers():
    """Four layers of 4×4 from 128 to 1024 channels: 11 million weights each way, and the maps to and from the codes."""
    count = lambda s: sum(leaf.size for leaf in jax.tree.leaves(s))  # noqa: E731
    shapes = Architecture(VAEConfig(network="conv", latent_dim=16), 784, "gaussian", (28, 28)).abstract
    products = 16 * (128 + 128 * 256 + 256 * 512 + 512 * 1024)
    assert count(shapes["encoder"]) == products + 1920 + 4096 * 32 + 32
    assert count(shapes["decoder"]) == products + 897 + 16 * 4096 + 4096


@pytest.mark.integration
@pytest.mark.parametrize(
    "family",
    [
        name if name == "vae" else pytest.param(name, marks=pytest.mark.slow)
        for name, family in FAMILY_CLASSES.items()
        if family.encodes
    ],
)
def test_every_family_learns_digits_with_it(family, tmp_path):
    data = load_dataset("digits")
    config = VAEConfig(family=family, network="conv", latent_dim=3, channels=(8, 16))
    model = train(
        data, config, alpha=1.0, beta=0.1, training=TrainConfig(steps=150, batch_size=64, learning_rate=3e-3)
    )
    recon = model.losses[:, :, 0]
    assert (recon[-1] < 0.7 * recon[0]).all()
    save_model(model, tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    assert again.architecture == model.architecture and again.architecture.shape == (8, 8)
    assert data.test_labels is not None
    labels = data.test_labels[:5]  # what conditional families alone look at
    mean, log_var = model.encode(data.test[:5], labels)
    assert mean.shape == log_var.shape == (5, 3)
    np.testing.assert_array_equal(again.decode(mean, labels), model.decode(mean, labels))
    assert "hidden" not in config.deciding and config.deciding["channels"] == [8, 16]
