"""Data binarised once, by draws from Bernoulli(x): a model trained with `binarise` is measured on these."""

import dataclasses

import jax
import numpy as np

from study.data.base import Dataset
from study.data.large import LargeDataset
from study.errors import StudyError
from study.runtime.checks import whole_number

SPLITS = ("train", "validation", "test")
BLOCK = 10_000  # rows drawn at a time


def binarised(data: Dataset, *, seed: int = 0) -> Dataset:
    """The dataset with each value x in [0, 1] replaced by a draw from Bernoulli(x), the same at every call.

    Likelihoods are usually compared on test data binarised once. The training split is binarised once too, for the
    measurements on it, whereas training itself draws new binary examples at each step :cite:`burda2016`.

    Raises:
        StudyError: there are values outside [0, 1].
    """
    check_binarisable(data)
    seed = whole_number(seed, name="binarised: seed")
    key = jax.random.key(seed, impl="threefry2x32")
    train, validation, test = (
        _drawn(jax.random.fold_in(key, i), getattr(data, split)) for i, split in enumerate(SPLITS)
    )
    return dataclasses.replace(
        data, train=train, validation=validation, test=test, likelihood="bernoulli", inverse=None
    )


def check_binarisable(data: Dataset | LargeDataset) -> None:
    """Check that all values lie in [0, 1], so that they can be probabilities.

    Raises:
        StudyError: some do not.
    """
    if any(getattr(data, split).min() < 0 or getattr(data, split).max() > 1 for split in SPLITS):
        raise StudyError(
            f"dataset {data.name!r}: binarise needs values in [0, 1]; scale the data, or do not binarise"
        )


def _drawn(key: jax.Array, x: np.ndarray) -> np.ndarray:
    starts = range(0, len(x), BLOCK)
    parts = [jax.random.bernoulli(jax.random.fold_in(key, i), x[i : i + BLOCK]) for i in starts]
    return np.concatenate([np.asarray(part, np.float32) for part in parts])
