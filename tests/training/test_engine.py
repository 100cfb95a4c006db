"""The engine: one compilation, results that depend only on the cell, and failures confined to their cell."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from study import Dataset, StudyError, TrainConfig, VAEConfig, load_dataset, load_model, save_model, train
from study.runtime.keys import stage_key
from study.training import Architecture, Batching, Cell, TrainedModel, engine, train_cells
from tests.tiers import variant

TRAINING = TrainConfig(steps=40, batch_size=64)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


def architecture(likelihood: Any = "gaussian", **config: Any) -> Architecture:
    return Architecture(VAEConfig(**{"latent_dim": 3, "hidden": (16,), **config}), 64, likelihood)


def grid(n: int) -> list[Cell]:
    return [Cell(alpha, 1.0, seed, 1e-3) for alpha in (1.0, 10.0) for seed in range(n // 2)]


def leaves(model: TrainedModel) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves(model.parameters)]


def assert_same(a: TrainedModel, b: TrainedModel) -> None:
    for x, y in zip([*leaves(a), a.losses], [*leaves(b), b.losses], strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.integration
def test_as_many_compilations_for_4_cells_as_for_64(digits):
    counts = []
    for n in (4, 64):
        engine._program.cache_clear()
        compilations = 0

        def count(event: str, duration_secs: float, **_: str | int) -> None:
            nonlocal compilations
            compilations += event == "/jax/core/compile/backend_compile_duration"

        jax.monitoring.register_event_duration_secs_listener(count)
        try:
            trained = list(train_cells(digits, architecture(), TRAINING, grid(n)))
        finally:
            jax.monitoring.unregister_event_duration_listener(count)
        assert len(trained) == n
        assert sum(t.compile_seconds > 0 for t in trained) == min(2, n)  # the first call's two cells
        counts.append(compilations)
    assert counts[0] >= 1
    assert counts[0] == counts[1]


@pytest.mark.integration
def test_a_cell_does_not_depend_on_its_grid(digits):
    cells = grid(6)
    whole = {t.cell: t.model for t in train_cells(digits, architecture(), TRAINING, cells)}
    backwards = {t.cell: t.model for t in train_cells(digits, architecture(), TRAINING, cells[::-1])}
    for cell in cells:
        (alone,) = train_cells(digits, architecture(), TRAINING, [cell])
        assert_same(whole[cell], alone.model)
        assert_same(whole[cell], backwards[cell])


def test_a_cell_does_not_depend_on_the_number_of_devices(digits, monkeypatch):
    cell = Cell(1.0, 1.0, 5, 1e-3)
    (two,) = train_cells(digits, architecture(), TRAINING, [cell])
    devices = jax.devices()
    monkeypatch.setattr(jax, "devices", lambda *_: devices[:1])
    (one,) = train_cells(digits, architecture(), TRAINING, [cell])
    assert len(devices) == 2
    assert_same(one.model, two.model)


@pytest.mark.integration
def test_batched_cells_agree_with_single_ones(digits):
    cells = grid(8)
    single = list(train_cells(digits, architecture(), TRAINING, cells))
    batched = list(train_cells(digits, architecture(), TRAINING, cells, batching=Batching("vmap", 3)))
    for a, b in zip(single, batched, strict=True):
        assert a.cell == b.cell
        np.testing.assert_allclose(a.model.losses, b.model.losses, rtol=1e-3, atol=1e-4)


def test_a_global_generator_choice_changes_nothing(digits):
    (before,) = train_cells(digits, architecture(), TRAINING, [Cell(1.0, 1.0, 0, 1e-3)])
    engine._program.cache_clear()
    with jax.default_prng_impl("rbg"):
        (after,) = train_cells(digits, architecture(), TRAINING, [Cell(1.0, 1.0, 0, 1e-3)])
    assert_same(before.model, after.model)


def test_seeds_and_weights_matter(digits):
    base, seed, alpha, rate = (
        t.model
        for t in train_cells(
            digits,
            architecture(),
            TRAINING,
            [
                Cell(1.0, 1.0, 0, 1e-3),
                Cell(1.0, 1.0, 1, 1e-3),
                Cell(2.0, 1.0, 0, 1e-3),
                Cell(1.0, 1.0, 0, 2e-3),
            ],
        )
    )
    for other in (seed, alpha, rate):
        assert not np.array_equal(leaves(base)[0], leaves(other)[0])


@pytest.mark.integration
@pytest.mark.parametrize(
    ("likelihood", "network"),
    [
        ("gaussian", "linear"),
        ("bernoulli", "mlp"),
        variant("gaussian", "mlp"),
        variant("bernoulli", "linear"),
    ],
)
def test_every_network_and_likelihood_learns(digits, network, likelihood):
    training = TrainConfig(steps=300, batch_size=64, learning_rate=3e-3)
    (trained,) = train_cells(
        digits, architecture(likelihood, network=network), training, [Cell(1.0, 0.1, 0, 3e-3)]
    )
    objective = trained.model.losses @ [1.0, 0.1]
    assert (objective[-1] < 0.8 * objective[0]).all()
    x = digits.test[:10]
    mean, log_var = trained.model.encode(x)
    assert mean.shape == log_var.shape == (10, 3)
    decoded = trained.model.decode(mean)
    assert decoded.shape == (10, 64)
    if likelihood == "bernoulli":
        assert decoded.min() >= 0 and decoded.max() <= 1


def test_losses_are_those_of_every_epoch(digits):
    (trained,) = train_cells(digits, architecture(), TRAINING, [Cell(1.0, 1.0, 0, 1e-3)])
    assert trained.model.losses.shape == (TRAINING.epochs(len(digits.train)), 2, 2)
    assert trained.model.finite


@pytest.mark.integration
def test_a_diverged_cell_leaves_its_neighbour_alone(digits):
    cells = [Cell(1.0, 1.0, 0, 1e30), Cell(1.0, 1.0, 1, 1e-3)]
    bad, good = train_cells(digits, architecture(), TRAINING, cells)
    assert not bad.model.finite
    (alone,) = train_cells(digits, architecture(), TRAINING, cells[1:])
    assert_same(good.model, alone.model)
    with pytest.raises(StudyError, match="lower the learning rate"):
        train(
            digits, VAEConfig(latent_dim=3, hidden=(16,)), training=TrainConfig(steps=40, learning_rate=1e30)
        )


@pytest.mark.integration
def test_a_small_training_set_is_one_batch():
    x = np.random.default_rng(0).random((30, 9), dtype=np.float32)
    data = Dataset("tiny", x[:10], x[10:20], x[20:], (9,))
    (trained,) = train_cells(
        data, Architecture(VAEConfig(latent_dim=2, hidden=(4,)), 9, "gaussian"), TRAINING, grid(2)[:1]
    )
    assert trained.model.losses.shape == (40, 2, 2)


def test_checkpoint_loads_back_to_the_same_arrays(digits, tmp_path):
    model = train(
        digits, VAEConfig(latent_dim=3, hidden=(16,)), alpha=2.0, beta=0.5, seed=7, training=TRAINING
    )
    save_model(model, tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    assert_same(model, again)
    assert (again.alpha, again.beta, again.seed) == (2.0, 0.5, 7)
    np.testing.assert_array_equal(model.decode(np.ones((4, 3))), again.decode(np.ones((4, 3))))


def test_wrong_checkpoints_are_said(tmp_path):
    with pytest.raises(StudyError, match=r"no such file; `study.save_model` writes one"):
        load_model(tmp_path / "none.npz")
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(StudyError, match="damaged, altered, or not a checkpoint"):
        load_model(tmp_path / "torn.npz")


@pytest.mark.usefixtures("unchecked")
def test_wrong_shapes_are_said(digits):
    model = train(digits, VAEConfig(latent_dim=3, hidden=(16,)), training=TRAINING)
    with pytest.raises(StudyError, match=r"x must be \[N, 64\]"):
        model.encode(np.zeros((3, 63)))
    with pytest.raises(StudyError, match=r"z must be \[N, 3\]"):
        model.decode(np.zeros(3))
    mean, _ = model.encode(np.zeros((0, 64)))
    assert mean.shape == (0, 3)


@pytest.mark.integration
def test_training_does_not_begin_with_the_key_of_measuring(digits):
    chosen = architecture(likelihood="gaussian")
    training = TrainConfig(steps=1, batch_size=32)
    (one,) = train_cells(digits, chosen, training, [Cell(1.0, 1.0, 0, 1e-12)])  # as good as no step
    begun = [
        chosen.initialise(jax.random.split(key, 3)[0], jnp.asarray(digits.train))
        for key in (stage_key(0, "train"), jax.random.key(0))
    ]
    apart = [
        max(
            np.abs(a - b).max() for a, b in zip(*map(jax.tree.leaves, (one.model.parameters, p)), strict=True)
        )
        for p in begun
    ]
    assert apart[0] < 1e-6 < 0.1 < apart[1]
