"""Networks for windows: agreement with other implementations, causality, and messages for shapes that do not fit."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from study import Dataset, StudyError, TrainConfig, VAEConfig, load_dataset, load_model, save_model, train
from study.config.windows import WindowsConfig
from study.data.windows import from_table
from study.models.networks import build_networks
from study.models.networks.gru import GRU
from study.models.networks.tcn import TAPS, CausalConvolution, blocks, reach
from study.training import Architecture, Cell, engine, train_cells
from tests.tiers import first_of

T, F = 12, 2
CONFIG = WindowsConfig("t", ("a", "b"), "a", 8, 4)


@pytest.fixture(scope="module")
def waves() -> Dataset:
    """Windows of two noisy waves."""
    t = np.arange(700)
    noise = np.random.default_rng(0).normal(size=(len(t), F))
    return from_table(
        np.stack([np.sin(t / 2), np.cos(t / 5)], 1) + 0.1 * noise, CONFIG, name="waves", seed=0, source=""
    )


def x(n: int = 5, *, seed: int = 0) -> jax.Array:
    return jax.random.normal(jax.random.key(seed), (n, T, F))


@pytest.mark.integration
def test_a_gru_is_flax_s_gru():
    ours, theirs = GRU(F, 4, rngs=nnx.Rngs(0)), nnx.GRUCell(F, 4, rngs=nnx.Rngs(1))
    theirs.dense_i.kernel[...], theirs.dense_h.kernel[...] = ours.from_input.kernel[...], ours.from_state[...]
    assert ours.from_input.bias is not None and theirs.dense_i.bias is not None
    ours.from_input.bias[...] = theirs.dense_i.bias[...] = jnp.arange(12.0) / 10
    state, expected = jnp.full((5, 4), 0.3), []
    for step in range(T):
        state, _ = theirs(state, x()[:, step])
        expected.append(state)
    np.testing.assert_allclose(ours(x(), jnp.full((5, 4), 0.3)), jnp.stack(expected, 1), atol=1e-5)


@pytest.mark.parametrize("dilation", [1, 2, 4, 8])
def test_a_causal_convolution_is_the_library_s_on_a_padded_window(dilation):
    layer = CausalConvolution(F, 3, dilation=dilation, rngs=nnx.Rngs(0))
    layer.norm[...], layer.bias[...] = jnp.array([1.0, 2.0, 3.0]), jnp.array([0.1, 0.2, 0.3])
    direction = layer.direction[...]
    kernel = (layer.norm[...][None] * direction / jnp.linalg.norm(direction, axis=0)[None]).reshape(
        TAPS, F, 3
    )
    expected = jax.lax.conv_general_dilated(
        x(), kernel[::-1], (1,), [((TAPS - 1) * dilation, 0)], rhs_dilation=(dilation,),
        dimension_numbers=("NWC", "WIO", "NWC"),
    ) + layer.bias[...][None, None]  # fmt: skip
    np.testing.assert_allclose(layer(x()), expected, atol=1e-5)


@pytest.mark.integration
def test_blocks_see_as_many_steps_as_they_say_and_none_that_come_later():
    steps, depth = 40, 3
    stack = blocks(1, [4] * depth, rngs=nnx.Rngs(1))

    def run(series: jax.Array) -> jax.Array:
        h = series
        for block in stack:
            h = block(h)
        return h.sum(-1)[0]

    at = 35
    seen = jax.grad(lambda series: run(series)[at])(jax.random.normal(jax.random.key(2), (1, steps, 1)))[
        0, :, 0
    ]
    assert reach(depth) == 29
    assert (seen[at + 1 :] == 0).all() and (seen[: at + 1 - reach(depth)] == 0).all()
    assert seen[at + 1 - reach(depth)] != 0 and seen[at] != 0


@pytest.mark.integration
@pytest.mark.parametrize("network", ["gru", "tcn"])
def test_context_reaches_both_sides(network):
    config = VAEConfig(network=network, hidden=(6, 6), latent_dim=3)
    encoder, decoder = build_networks(config, T * F, shape=(T, F), context=2, rngs=nnx.Rngs(0))
    one, two = (jnp.concatenate([x().reshape(5, -1), jnp.full((5, 2), c)], 1) for c in (0.0, 1.0))
    (mean, log_var), (other, _) = encoder(one), encoder(two)
    assert mean.shape == log_var.shape == (5, 3) and not jnp.allclose(mean, other)
    assert decoder(jnp.zeros((5, 5))).shape == (5, T * F)


@pytest.mark.integration
@pytest.mark.parametrize(("network", "hidden"), first_of([("gru", (12, 8)), ("tcn", (12, 12))]))
def test_networks_for_windows_learn_in_one_program(waves, tmp_path, network, hidden):
    config = VAEConfig(network=network, hidden=hidden, latent_dim=3)
    training = TrainConfig(steps=250, batch_size=64, learning_rate=5e-3, schedule="constant", patience=0)
    architecture = Architecture.of(config, waves)
    assert architecture.shape == (T, F)
    cells = [Cell(1.0, 0.1, seed, 5e-3) for seed in range(3)]
    engine._program.cache_clear()
    trained = list(train_cells(waves, architecture, training, cells))
    assert engine._program.cache_info().misses == 1
    assert sum(one.compile_seconds > 0 for one in trained) == 2  # the first call's two cells
    for one in trained:
        objective = one.model.losses @ [1.0, 0.1]
        assert (objective[-1] < 0.5 * objective[0]).all()
    model = trained[0].model
    save_model(model, tmp_path / "model.npz")
    mean, log_var = model.encode(waves.test)
    assert mean.shape == log_var.shape == (len(waves.test), 3)
    np.testing.assert_array_equal(load_model(tmp_path / "model.npz").decode(mean), model.decode(mean))


def test_what_does_not_fit_is_said(waves):
    message = "network 'tcn': 1 blocks see 5 steps, windows have 12; give at least 2 hidden widths"
    with pytest.raises(StudyError, match=re.escape(message)):
        train(waves, VAEConfig(network="tcn", hidden=(8,)))
    for network in ("gru", "tcn"):
        with pytest.raises(
            StudyError, match=re.escape("needs windows [T, F], got examples of shape [16]; choose")
        ):
            train(load_dataset("gaussian"), VAEConfig(network=network))
