"""Digits that nothing is decided by are dropped from tables: noise does not compress, and tables are kept in git."""

import numpy as np
from jaxtyping import Float, Float64

VALUE = 23  # bits, those of float32: an error of 6e-8 of a score, far below its standard error
ERROR = 8  # bits: an error of 0.2 % of a standard error


def rounded(x: Float[np.ndarray, " n"], *, bits: int) -> Float64[np.ndarray, " n"]:
    """The nearest numbers whose fraction has so many binary digits (1 to 51); those that are not finite are kept."""
    x = np.ascontiguousarray(x, np.float64)
    last = np.uint64(52 - bits)
    half = np.uint64(1) << (last - np.uint64(1))
    near = ((x.view(np.uint64) + half) >> last << last).view(np.float64)
    return np.where(np.isfinite(x), near, x)
