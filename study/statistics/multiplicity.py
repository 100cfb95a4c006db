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
    order, factor = _steps(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * factor), 1)
    return adjusted


def holm_levels(p: np.ndarray, level: float) -> np.ndarray:
    """Levels `[k]` at which the intervals of a family exclude zero exactly where Holm's method rejects.

    Those that are rejected have the level of their step, 1 − (1 − level) / (m − i + 1) for the i-th smallest of m
    p-values. The others have that of the first step, so that all of them cover at `level`, whatever is rejected. At the
    step at which the method stopped they would not: those that it left are chosen for being near zero.
    """
    p = np.asarray(p, np.float64)
    levels = np.full(p.shape, np.nan)
    order, factor = _steps(p)
    levels[order] = 1 - (1 - level) / np.where(holm(p)[order] < 1 - level, factor, len(order))
    return levels


def _steps(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The tests in order of p, and the factor m − i + 1 of each."""
    order = np.argsort(p, kind="stable")[: np.count_nonzero(~np.isnan(p))]  # NaN sorts last
    return order, np.arange(len(order), 0, -1)
