"""Differences of the correlations between a table's columns."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Float64

from study.metrics.base import Metric
from study.metrics.columns import Columns, tabular
from study.runtime.blocks import slices

_BLOCK = 256  # columns whose correlations with all others are held at a time


def correlation_gap(x: Float[np.ndarray, "n k"], y: Float[np.ndarray, "m k"]) -> float:
    """Mean absolute difference of Pearson's correlations over all pairs of columns, as in :cite:`zhao2021`.

    A column that is constant has correlation 0 with all others.
    """
    ours, theirs = _scores(x), _scores(y)
    k = x.shape[1]
    total = 0.0
    for some in slices(k, _BLOCK):
        gap = np.abs(ours[:, some].T @ ours / len(x) - theirs[:, some].T @ theirs / len(y))
        rows = np.arange(len(gap))
        gap[rows, some.start + rows] = 0  # a column with itself
        total += float(gap.sum())
    return total / (k * (k - 1))


def _scores(x: Float[np.ndarray, "n k"]) -> Float64[np.ndarray, "n k"]:
    centred = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
    spread = np.sqrt(np.square(centred).mean(axis=0))
    known = spread > 1e-9 * np.abs(x).max(axis=0)  # less is rounding
    return np.where(known, centred / np.where(known, spread, 1.0), 0.0)


def _prepare(columns: Columns) -> tuple[Callable[[Float64[np.ndarray, "m k"]], float], str]:
    return lambda x: correlation_gap(x, columns.real), ""


CORRELATION = Metric(
    "correlation",
    label="correlation gap",
    summary="tables: mean absolute difference of the correlations between columns from the reference's",
    source="Zhao et al. 2021",
    better="lower",
    meaning=(
        "mean absolute difference between the correlations of generated and real columns, over pairs; compare it with "
        "the `held-out` row, not with 0"
    ),
    prepare=tabular(_prepare, fewest=2),
    needs="table",
)
