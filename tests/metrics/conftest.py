"""Digits split by hand, so that metrics are tested without the loaders."""

import dataclasses

import numpy as np
import pytest
from sklearn.datasets import load_digits

from study.data.base import Dataset
from study.metrics.evaluate import Evaluator
from study.metrics.features import Extractor, train_extractor


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """1047 training, 150 validation and 600 test digits, so 300 in `reference` and in `held_out`."""
    bunch = load_digits()
    order = np.random.default_rng(0).permutation(len(bunch.data))
    x, labels = (bunch.data[order] / 16).astype(np.float32), bunch.target[order].astype(np.int64)
    return Dataset(
        "digits",
        train=x[750:],
        validation=x[600:750],
        test=x[:600],
        shape=(8, 8),
        train_labels=labels[750:],
        validation_labels=labels[600:750],
        test_labels=labels[:600],
    )


@pytest.fixture(scope="session")
def unlabelled(digits: Dataset) -> Dataset:
    """The same digits without labels, as plain vectors."""
    return dataclasses.replace(
        digits, shape=(64,), train_labels=None, validation_labels=None, test_labels=None
    )


@pytest.fixture(scope="session")
def extractor(digits: Dataset) -> Extractor:
    return train_extractor(digits)


@pytest.fixture(scope="session")
def evaluator(digits: Dataset, extractor: Extractor) -> Evaluator:
    return Evaluator(digits, extractor)
