"""The halves of test, cut anew: one for samples to be compared with, one to be scored like samples of a strategy."""

import dataclasses

import numpy as np

from study.data.base import Dataset

_CUT = 0x68616C66  # keeps these random numbers apart from those that split the data


def halved(data: Dataset, number: int) -> Dataset:
    """The same data with other halves of test: for each number above 0 another random order of its rows.

    Number 0 is the order that the data set has. Windows of a time series keep theirs: they overlap, and their halves
    are stretches of time.
    """
    if number == 0 or data.is_sequence:
        return data
    order = np.random.default_rng([_CUT, number]).permutation(len(data.test))
    labels = None if data.test_labels is None else data.test_labels[order]
    return dataclasses.replace(data, test=data.test[order], test_labels=labels)
