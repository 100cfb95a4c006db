"""Early stopping: parameters of the best epoch, independently for each cell, and no change if it is off."""

from typing import Any

import jax
import numpy as np
import pytest

from study import Dataset, StudyError, TrainConfig, VAEConfig, load_dataset
from study.training import Architecture, Batching, Cell, TrainedModel, train_cells
from study.training.engine import Trained

pytestmark = pytest.mark.integration

EPOCHS, PATIENCE = 120, 6


@pytest.fixture(scope="module")
def few() -> Dataset:
    """So few examples that an autoencoder memorises them."""
    digits = load_dataset("digits")
    return Dataset("few", digits.train[:40], digits.validation, digits.test, (8, 8))


def trained(
    data: Dataset, *rates: float, epochs: int = EPOCHS, batching: Batching | None = None, **settings: Any
) -> list[Trained]:
    architecture = Architecture(VAEConfig(family="ae", latent_dim=8, hidden=(64,)), 64, "gaussian")
    fixed = {"schedule": "constant", "patience": 0}
    training = TrainConfig(steps=epochs * 2, batch_size=20, **(fixed | settings))
    cells = [Cell(1.0, 1.0, 0, rate) for rate in rates]
    return list(train_cells(data, architecture, training, cells, batching=batching))


def assert_same(a: TrainedModel, b: TrainedModel) -> None:
    for x, y in zip(jax.tree.leaves(a.parameters), jax.tree.leaves(b.parameters), strict=True):
        np.testing.assert_array_equal(x, y)


def as_good(model: TrainedModel) -> np.ndarray:
    """For each epoch whether its validation loss is within 0.5 % of the lowest so far."""
    validation = model.losses[:, 1, 0]
    return validation <= 1.005 * np.minimum.accumulate(validation)


def test_parameters_are_those_of_the_best_epoch_and_cells_stop_on_their_own(few):
    whole, slow = (one.model for one in trained(few, 1e-2, 1e-5))
    stopped, still = (one.model for one in trained(few, 1e-2, 1e-5, patience=PATIENCE))
    validation, good = whole.losses[:, 1, 0], as_good(whole)
    first = next(i for i in range(EPOCHS) if good[i] and not good[i + 1 : i + PATIENCE + 1].any())
    assert first < EPOCHS - PATIENCE - 1 and validation[-1] > 1.05 * validation[first]
    assert len(stopped.losses) == first + PATIENCE + 1 and len(still.losses) == EPOCHS
    np.testing.assert_array_equal(stopped.losses, whole.losses[: len(stopped.losses)])
    np.testing.assert_array_equal(still.losses, slow.losses)
    assert_same(still, slow)
    # a training of just so many epochs ends with them
    (short,) = trained(few, 1e-2, epochs=first + 1)
    assert_same(stopped, short.model)


@pytest.mark.slow
def test_batched_cells_stop_on_their_own_too(few):
    stopped, still, *_ = trained(few, 1e-2, 1e-5, 1e-5, 1e-5, patience=PATIENCE, batching=Batching("vmap", 2))
    (alone,) = trained(few, 1e-2, patience=PATIENCE)
    assert len(stopped.model.losses) < EPOCHS == len(still.model.losses)
    np.testing.assert_allclose(stopped.model.losses[:10], alone.model.losses[:10], rtol=1e-3)
    assert len(stopped.model.losses) - 1 - PATIENCE == np.flatnonzero(as_good(stopped.model))[-1]


def test_patience_begins_after_the_warm_up(few):
    (waiting,) = trained(few, 1e-2, patience=1, kl_warmup=0.5)
    (at_once,) = trained(few, 1e-2, patience=1)
    assert len(at_once.model.losses) < EPOCHS / 2 <= len(waiting.model.losses)
    np.testing.assert_array_equal(waiting.model.losses[:10], at_once.model.losses[:10])


def test_a_diverged_cell_is_not_rescued_by_it(few):
    (one,) = trained(few, 1e30, patience=2)
    assert not one.model.finite


def test_every_setting_decides_a_training():
    assert TrainConfig(steps=7).deciding == {
        "steps": 7, "batch_size": 128, "learning_rate": 1e-3, "schedule": "cosine", "kl_warmup": 0.0,
        "binarise": False, "patience": 100,
    }  # fmt: skip
    assert TrainConfig(patience=3).deciding["patience"] == 3
    with pytest.raises(StudyError, match="patience: is a number of epochs, or 0 to switch it off, got -1"):
        TrainConfig(patience=-1)
