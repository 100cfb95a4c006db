"""Rows of a table as the inputs of tabular metrics: the columns that are compared, in standard deviations of train."""

from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Float, Float64, Int

from study.data.base import Dataset
from study.metrics.base import Prepared, Score, no_score
from study.metrics.halves import half_sample_error
from study.metrics.reference import HALF, Reference
from study.runtime.environment import blas_threads

MOST = 1000  # columns that are compared: metrics of pairs take memory and time of their square
_KEY = 0x636F6C  # of the halves


class Columns:
    """The columns that are compared, at most `MOST`, evenly spaced; computed once for all tabular metrics.

    Attributes:
        chosen: numbers of the columns that vary in train.
        real: the first n rows of the reference half, standardised by train.
        train: all of train, likewise.
        text: what samples are compared with.
    """

    def __init__(self, data: Dataset, n: int) -> None:
        spread = data.train.std(axis=0, dtype=np.float64)
        varies = np.flatnonzero(spread > 0)
        every = max(1, -(-len(varies) // MOST))
        self.chosen: Int[np.ndarray, " k"] = varies[::every]
        self._mean = data.train.mean(axis=0, dtype=np.float64)[self.chosen]
        self._spread = spread[self.chosen]
        self.n = n
        self.real, self.train = self.of(data.reference[:n]), self.of(data.train)
        part = "" if every == 1 else f", every {every}th column"
        self.text = f"{HALF}{part}"

    def of(self, x: Float[np.ndarray, "n D"]) -> Float64[np.ndarray, "n k"]:
        """The columns of rows x that are compared, standardised by train."""
        return (x[:, self.chosen].astype(np.float64) - self._mean) / self._spread

    def score(
        self, value: Callable[[Float64[np.ndarray, "m k"]], float], x: Float[np.ndarray, "n D"], fewest: int
    ) -> Score:
        """A statistic of samples x, with its error from random halves; no score if fewer columns vary than `fewest`."""
        if len(self.chosen) < fewest:
            return no_score(f"fewer than {fewest} columns vary")
        rows, key = self.of(x), jax.random.key(_KEY)
        with blas_threads(1):  # the matrices are small: threads would wait for each other
            return Score(value(rows), half_sample_error(key, lambda half: value(rows[half]), n=len(rows)))


def tabular(
    prepare: Callable[[Columns], tuple[Callable[[Float64[np.ndarray, "m k"]], float], str]],
    *,
    fewest: int = 1,
) -> Callable[[Reference], Prepared]:
    """`Metric.prepare` of a statistic of rows.

    Args:
        prepare: from the reference's columns, the statistic, and what it is compared with beside them.
        fewest: how many columns it needs.
    """

    def prepared(real: Reference) -> Prepared:
        columns = real.once(Columns, real.data, real.n)
        value, more = prepare(columns)
        null = columns.score(value, real.data.held_out[: real.n], fewest).value
        text = f"{columns.text}{more}; held-out rows score {null:.3g}"
        return Prepared(text, lambda samples: columns.score(value, samples.x, fewest))

    return prepared
