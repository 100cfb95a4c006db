"""Binarised data: right frequencies, reproducible draws, and training that binarises afresh at each step."""

import dataclasses
from typing import Any

import jax
import numpy as np
import pytest

from study import (
    Dataset,
    LikelihoodConfig,
    StudyConfig,
    StudyError,
    TrainConfig,
    VAEConfig,
    binarised,
    load_dataset,
)
from study.pipeline.plan import make_plan
from study.training import Architecture, Cell, TrainedModel, train_cells


def grey(n: int, p: float, d: int = 16) -> Dataset:
    x = np.full((n, d), p, np.float32)
    return Dataset("grey", x, x, x, (d,), likelihood="bernoulli")


def trained(data: Dataset, training: TrainConfig, **config: Any) -> TrainedModel:
    built = VAEConfig(**{"latent_dim": 4, "hidden": (64,), **config})
    architecture = Architecture(built, data.train.shape[1], "bernoulli")
    (found,) = train_cells(data, architecture, training, [Cell(1.0, 1.0, 0, training.learning_rate)])
    return found.model


def test_frequencies_are_the_values_and_draws_are_kept():
    data = load_dataset("digits")
    found, again, other = binarised(data), binarised(data), binarised(data, seed=1)
    assert set(np.unique(found.train)) == {0, 1}
    assert found.fingerprint == again.fingerprint != other.fingerprint
    assert found.likelihood == "bernoulli"
    np.testing.assert_array_equal(found.test_labels, data.test_labels)
    for split in ("train", "validation", "test"):
        x, drawn = getattr(data, split), getattr(found, split)
        error = np.sqrt((x * (1 - x)).sum()) / x.size  # binomial
        assert abs(drawn.mean() - x.mean()) < 5 * error
        np.testing.assert_array_equal(drawn[(x == 0) | (x == 1)], x[(x == 0) | (x == 1)])


def test_values_that_are_no_probabilities_are_said():
    data = grey(20, 1.5)
    with pytest.raises(StudyError, match="binarise needs values in"):
        binarised(data)
    training = TrainConfig(steps=2, binarise=True)
    with pytest.raises(StudyError, match="binarise needs values in"):
        make_plan(StudyConfig(training=training, model=VAEConfig(likelihood="gaussian")), data)
    with pytest.raises(StudyError, match="binarise needs values in"):
        trained(data, training)


@pytest.mark.slow
def test_data_that_are_binary_already_train_as_without():
    data = binarised(grey(60, 0.4))
    training = TrainConfig(steps=30, batch_size=20)
    plain = trained(data, training)
    drawn = trained(data, dataclasses.replace(training, binarise=True))
    for a, b in zip(jax.tree.leaves(plain.parameters), jax.tree.leaves(drawn.parameters), strict=True):
        np.testing.assert_array_equal(a, b)
    other = trained(grey(60, 0.4), dataclasses.replace(training, binarise=True))
    assert not np.array_equal(other.losses, plain.losses)


@pytest.mark.integration
def test_fresh_draws_cannot_be_learned_by_heart():
    """On fair coins no loss is below the entropy, 16 log 2 nats; eight fixed examples could be learned at log 8."""
    data = grey(8, 0.5)
    training = TrainConfig(steps=2000, batch_size=8, learning_rate=1e-2)
    fixed = trained(binarised(data), training).losses[-200:, 0].sum(1).mean()
    fresh = trained(data, dataclasses.replace(training, binarise=True)).losses[-200:, 0].sum(1).mean()
    assert fixed < 8
    assert fresh > 16 * np.log(2) - 0.3  # the mean over 1,600 draws of a code trained on others


def test_a_switch_that_is_off_decides_no_key():
    data = load_dataset("digits")
    base = make_plan(StudyConfig(), data).cells[0]
    same = make_plan(StudyConfig(likelihood=LikelihoodConfig(samples=(2,))), data).cells[0]
    assert vars(same) == vars(base)
    more = make_plan(StudyConfig(likelihood=LikelihoodConfig(examples=5)), data).cells[0]
    assert (more.train_key, more.encode_key) == (base.train_key, base.encode_key)
    assert more.evaluate_key != base.evaluate_key
    drawn = make_plan(StudyConfig(training=TrainConfig(binarise=True)), data)
    assert drawn.cells[0].train_key != base.train_key
    assert set(np.unique(drawn.measured.test)) == {0, 1}
    assert drawn.data is data


@pytest.mark.parametrize("seed", [-1, 1.5, True, 2**31])
@pytest.mark.usefixtures("unchecked")
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(StudyError, match="binarised: seed: give a whole number"):
        binarised(grey(4, 0.5), seed=seed)
