"""Holm's correction, which bounds the chance of any false positive in a family of tests."""

import numpy as np
from jaxtyping import Float


def holm(p: Float[np.ndarray, " k"]) -> Float[np.ndarray, " k"]:
    """Adjusted p-values of one family :cite:`holm1979`; valid under any dependence between the tests.

    The i-th smallest of m p-values is multiplied by m − i + 1, then raised to at least those before it and cut at 1.
    NaN marks a missing test: it stays NaN and does not count.
    """
    p = np.asarray(p, np.float64)
    adjusted = np.full(p.shape, np.nan)
    order = np.argsort(p, kind="stable")[: np.count_nonzero(~np.isnan(p))]  # NaN sorts last
    factor = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factor), 1)
    return adjusted
