"""Distances of the marginals of a table's columns."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from study.metrics.base import Metric
from study.metrics.columns import Columns, tabular


def column_w1(
    x: Float64[np.ndarray, "m k"], ordered: Float64[np.ndarray, "n k"]
) -> Float64[np.ndarray, " k"]:
    """Wasserstein-1 distance of each column's values: the mean distance of order statistics :cite:`ramdas2017`.

    Args:
        x: as many rows as `ordered`, or half as many (of an odd number of rows the last order statistic is left out).
        ordered: the other rows, each column sorted.
    """
    times = len(ordered) // len(x)
    mine = np.repeat(np.sort(x, axis=0), times, axis=0)
    return np.abs(mine - ordered[: len(mine)]).mean(axis=0)


def _prepare(columns: Columns) -> tuple[Callable[[Float64[np.ndarray, "m k"]], float], str]:
    ordered = np.sort(columns.real, axis=0)
    return lambda x: float(column_w1(x, ordered).mean()), ""


COLUMN_W1 = Metric(
    "column_w1",
    label="column W₁",
    summary="tables: Wasserstein-1 distance of the values of each column, mean over columns",
    source="Ramdas et al. 2017",
    better="lower",
    meaning=(
        "Wasserstein-1 distance of the values of each column, in standard deviations of the training rows, mean over "
        "columns; compare it with the `held-out` row"
    ),
    unit="s.d.",
    prepare=tabular(_prepare),
    needs="table",
)
