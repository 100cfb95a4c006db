"""An exemplar VAE in training: what it keeps, what its rate is measured against, and which data it needs."""

import dataclasses
from typing import Any

import jax
import numpy as np
import pytest
from scipy.special import logsumexp

from study import Dataset, StudyError, TrainConfig, VAEConfig, load_dataset, train
from study.config import PriorConfig, StudyConfig
from study.pipeline.plan import make_plan
from study.training import Architecture, Cell, TrainedModel, train_cells

CONFIG = VAEConfig(family="exemplar", latent_dim=3, hidden=(16,), prior=PriorConfig(exemplars=5000))
TRAINING = TrainConfig(steps=150, batch_size=64, learning_rate=3e-3, patience=0)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture(scope="module")
def model(digits: Dataset) -> TrainedModel:
    (one,) = train_cells(digits, Architecture.of(CONFIG, digits), TRAINING, [Cell(1.0, 0.1, 0, 3e-3)])
    return one.model


@pytest.mark.integration
def test_the_prior_stands_on_the_codes_of_all_training_examples(digits, model):
    codes = model.encode(digits.train)[0]
    merged: Any = model.architecture.merge(model.parameters)
    np.testing.assert_allclose(merged.prior.centres[...], codes, atol=1e-5)
    info = model.prior.info
    assert info["components"] == len(digits.train) == model.architecture.examples
    assert info["keeps_data"] is True and 0 < info["variance"] != 1
    z = model.prior.sample(jax.random.key(1), n=100)
    squared = np.square(z.astype(np.float64)[:, None] - codes.astype(np.float64)[None]).sum(-1)
    terms = -0.5 * (squared / info["variance"] + 3 * np.log(2 * np.pi * info["variance"]))
    expected = logsumexp(terms, axis=1) - np.log(len(codes))
    np.testing.assert_allclose(model.prior.log_prob(z), expected, atol=1e-4)


def test_the_rate_on_validation_data_is_against_the_codes_of_training_data(digits, model):
    """With M = N the check after the last epoch is a Monte Carlo estimate of E[log q(z|x) − log p(z)]."""
    mean, log_var = model.encode(digits.validation)
    epsilon = np.random.default_rng(0).normal(size=(10, *mean.shape)).astype(np.float32)
    z = mean + np.exp(0.5 * log_var) * epsilon
    log_q = -0.5 * (np.square(epsilon) + log_var + np.log(2 * np.pi)).sum(-1)
    rates = log_q - np.stack([model.prior.log_prob(one) for one in z])
    # the examples are the same in both; what differs are the draws, ten of each here and one there
    error = rates.std(axis=0, ddof=1).mean() / np.sqrt(len(mean)) * np.sqrt(1.1)
    left_out = len(mean) % 4  # the check takes four blocks of equal size
    assert model.losses[-1, 1, 1] == pytest.approx(rates[:, : len(mean) - left_out].mean(), abs=5 * error)
    # and on training data it is higher than over all codes, since an example's own is left out
    assert model.losses[-1, 0, 1] > 0


def test_a_subset_of_training_data_is_all_that_is_kept(digits):
    config = StudyConfig(model=CONFIG, n_train=200, strategies=("prior",))
    assert make_plan(config, digits).architecture.examples == 200
    every = make_plan(dataclasses.replace(config, n_train=0), digits)
    assert every.architecture.examples == len(digits.train)
    plain = dataclasses.replace(config, model=VAEConfig(latent_dim=3))
    assert make_plan(plain, digits).architecture.examples == 0


def test_data_that_do_not_fit_are_told_in_one_line(digits):
    other = Architecture(CONFIG, 64, "gaussian", examples=7)
    with pytest.raises(
        StudyError, match=r"^family 'exemplar': built for 7 training examples, got 998; use Arch"
    ):
        list(train_cells(digits, other, TRAINING, [Cell(1.0, 1.0, 0, 1e-3)]))
    single = dataclasses.replace(digits, train=digits.train[:1], train_labels=digits.train_labels[:1])
    with pytest.raises(StudyError, match=r"^family 'exemplar': needs at least 2 training examples, got 1$"):
        train(single, CONFIG, training=TRAINING)
    with pytest.raises(StudyError, match=r"^architecture: family 'vae' keeps no examples, got 7; train"):
        Architecture(VAEConfig(latent_dim=3), 64, "gaussian", examples=7).check()
