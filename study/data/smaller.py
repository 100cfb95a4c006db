"""A data set with fewer training examples, to see what their number changes."""

import dataclasses

import numpy as np

from study.data.base import Dataset
from study.errors import StudyError
from study.runtime.checks import whole_number

FEWEST_VALIDATION = 100
_CUT = 0x6E747261  # keeps these random numbers apart from those that split the data


def smaller(data: Dataset, n: int) -> Dataset:
    """The same data with n training examples, and as large a share of the validation examples, at least 100 of them.

    Examples are chosen at random, and a larger n keeps those of every smaller one; test data stay. All of them for
    n = 0, or where n is their number.

    Raises:
        StudyError: there are fewer than n training examples.
    """
    n, every = whole_number(n, name="n_train"), len(data.train)
    if n > every:
        raise StudyError(
            f"n_train: {data.name!r} has {every:,} training examples, got {n:,}; give at most that many"
        )
    if n in (0, every):
        return data
    share = max(round(n / every * len(data.validation)), min(FEWEST_VALIDATION, len(data.validation)))
    kept = {}
    for i, (split, size) in enumerate((("train", n), ("validation", share))):
        x, labels = getattr(data, split), getattr(data, f"{split}_labels")
        rows = np.sort(np.random.default_rng([_CUT, i]).permutation(len(x))[:size])
        kept[split] = x[rows]
        kept[f"{split}_labels"] = None if labels is None else labels[rows]
    return dataclasses.replace(data, **kept)
