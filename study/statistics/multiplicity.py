"""Holm's correction: the chance of any false difference in a family of tests stays at its level."""

import numpy as np


def holm(p: np.ndarray) -> np.ndarray:
    """Adjusted p-values `[k]` of one family :cite:`holm1979`; valid under any dependence between the tests.

    The i-th smallest of m is multiplied by m − i + 1, then made no smaller than those before it and at most 1.
    NaN is no test: it stays NaN and does not count.
    """
    p = np.asarray(p, np.float64)
    adjusted = np.full(p.shape, np.nan)
    order = np.argsort(p, kind="stable")[: np.count_nonzero(~np.isnan(p))]  # NaN sorts last
    factor = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factor), 1)
    return adjusted
