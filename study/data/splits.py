"""Disjoint splits, the same for the same seed, with nearly the same class proportions in each.

Splits are cut from an ordering in which each class is spread evenly over the whole length: any stretch of the order
contains every class in proportion, give or take about one example. The halves of test, in contrast, are cut at random:
they stand for two independent samples, and halves with equal class counts would be more alike than these are, so that
a two-sample statistic of one half against the other would lie below its null value.
"""

from typing import NamedTuple

import numpy as np

TEST_SHARE = 1 / 3
VALIDATION_SHARE = 1 / 9
VALIDATION_SHARE_OF_TEST = 1 / 5


class SplitRows(NamedTuple):
    """Row numbers of three disjoint splits that together cover all rows, each `[N_split]` int64."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def stratified_order(rng: np.random.Generator, *, labels: np.ndarray) -> np.ndarray:
    """A random order in which every stretch has the class proportions of the whole.

    The k-th of the m examples of a class, in random order, is placed at (k + u) / m with u uniform on [0, 1):
    one example in each m-th of the unit interval. The reversed order has the same distribution, so the two halves
    are exchangeable.

    Args:
        rng: a local generator.
        labels: `[N]`, any type; all equal if there are no classes.

    Returns:
        A permutation of `0..N-1`, `[N]` int64.
    """
    _, label, count = np.unique(labels, return_inverse=True, return_counts=True)
    shuffled = rng.permutation(len(labels))
    by_class = shuffled[np.argsort(label[shuffled], kind="stable")]
    rank = np.arange(len(labels)) - np.repeat(np.cumsum(count) - count, count)
    place = (rank + rng.random(len(labels))) / np.repeat(count, count)
    return by_class[np.argsort(place, kind="stable")]


def _cut(rng: np.random.Generator, n: int, labels: np.ndarray | None, *sizes: int) -> list[np.ndarray]:
    """Row numbers in stratified order, cut after each of `sizes`; the rest comes last."""
    if (
        labels is None
    ):  # the order of a single class, with the same draws, without sorting it: for millions of rows
        order = rng.permutation(n)
        rng.random(n)
    else:
        order = stratified_order(rng, labels=labels)
    return np.split(order, np.cumsum(sizes))


def split_rows(n: int, *, seed: int, labels: np.ndarray | None = None) -> SplitRows:
    """Split n rows that have no official split: test 1/3, validation 1/9, train the rest.

    Args:
        n: number of rows, at least 6 so that no split is empty.
        seed: decides the split, together with `labels`.
        labels: `[n]`, to stratify by.
    """
    rng = np.random.default_rng(seed)
    test, validation, train = _cut(rng, n, labels, round(n * TEST_SHARE), round(n * VALIDATION_SHARE))
    return SplitRows(train, validation, rng.permutation(test))


def split_test_rows(
    n: int, *, seed: int, labels: np.ndarray | None = None, validation_share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Row numbers `(validation, test)` of an official test set of n rows; the training set is not split.

    With a `validation_share` of 0, the test rows are only put in the random order that `Dataset` needs.
    """
    rng = np.random.default_rng(seed)
    validation, test = _cut(rng, n, labels, round(n * validation_share))
    return validation, rng.permutation(test)
