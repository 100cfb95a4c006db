"""The standard error of a statistic that is no mean, from random halves of the samples."""

from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Int

from study.runtime.drawing import generator

HALVES = 12  # random halves of the samples


def half_sample_error(key: jax.Array, value: Callable[[Int[np.ndarray, " m"]], float], *, n: int) -> float:
    """Standard error of a statistic of n independent rows: its spread over random halves (delete-half jackknife).

    The value on a half varies about that on all rows as the latter varies about the truth :cite:`shao1989`.

    Args:
        key: draws the halves.
        value: the statistic as a function of row numbers.
        n: number of rows.
    """
    rng = generator(key)
    values = [value(rng.permutation(n)[: n // 2]) for _ in range(HALVES)]
    return float(np.std(values, ddof=1))
