"""Folds for classifiers of samples and real data: interleaved, or stretches of time where real windows overlap."""

from collections.abc import Iterator

import numpy as np

FOLDS = 5


def folds(n: int, *, span: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Row numbers of n that are fitted to and those that are tested, fold by fold.

    Args:
        n: rows.
        span: 0 where rows are independent; else rows are in time order and those that are less than `span` places
            apart overlap: folds are then stretches, and rows that overlap with a fold are in neither part of it.
            Whoever has seen a neighbour knows a window again, whatever samples are like.
    """
    rows = np.arange(n)
    for k in range(FOLDS):
        if span:
            tested = np.array_split(rows, FOLDS)[k]
            yield rows[(rows <= tested[0] - span) | (rows >= tested[-1] + span)], tested
        else:
            yield rows[rows % FOLDS != k], rows[rows % FOLDS == k]
