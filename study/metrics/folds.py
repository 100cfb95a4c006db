"""Folds for classifiers between samples and real data: interleaved, or stretches of time if real windows overlap."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int

FOLDS = 5


def folds(
    n: int, *, span: int = 0
) -> Iterator[tuple[Int[np.ndarray, " fitted"], Int[np.ndarray, " tested"]]]:
    """Pairs of row numbers for each fold: those to fit to, and those to test on.

    Args:
        n: number of rows.
        span: 0 if rows are independent. Otherwise rows are in time order, and two that are less than `span` places
            apart overlap. Folds are then stretches, and rows that overlap with a fold's test rows are not fitted to:
            a classifier that has seen an overlapping window recognises its neighbour, whatever the samples are like.
    """
    rows = np.arange(n)
    for k in range(FOLDS):
        if span:
            tested = np.array_split(rows, FOLDS)[k]
            yield rows[(rows <= tested[0] - span) | (rows >= tested[-1] + span)], tested
        else:
            yield rows[rows % FOLDS != k], rows[rows % FOLDS == k]
