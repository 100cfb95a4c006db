"""Digits that nothing is decided by are dropped from tables: noise does not compress, and tables are kept in git."""

import numpy as np
from jaxtyping import Float, Float64, UInt8

VALUE = 17  # bits: an error of 4e-6 of a score, far below its standard error
CURVE = 12  # bits: an error of 0.01 % of a loss, a code or a sequence that is drawn
ERROR = 6  # bits: an error of 0.8 % of a standard error
SHADES = 32  # of each colour of a picture: no eye sees more in pictures of this size


def rounded(x: Float[np.ndarray, "..."], *, bits: int) -> Float64[np.ndarray, "..."]:
    """The nearest numbers whose fraction has so many binary digits (1 to 51); those that are not finite are kept."""
    x = np.ascontiguousarray(x, np.float64)
    last = np.uint64(52 - bits)
    half = np.uint64(1) << (last - np.uint64(1))
    near = ((x.view(np.uint64) + half) >> last << last).view(np.float64)
    return np.where(np.isfinite(x), near, x)


def shaded(pictures: UInt8[np.ndarray, "..."]) -> UInt8[np.ndarray, "..."]:
    """The pictures in `SHADES` shades, 0 and 255 among them."""
    steps = np.rint(np.arange(256) / 255 * (SHADES - 1))
    return np.rint(steps * 255 / (SHADES - 1)).astype(np.uint8)[pictures]


def drawn(samples: np.ndarray) -> np.ndarray:
    """Samples with no more digits than a figure shows, in their own type."""
    if samples.dtype == np.uint8:
        return shaded(samples)
    if samples.dtype.kind != "f":
        return samples
    with np.errstate(over="ignore"):
        near = rounded(samples, bits=CURVE).astype(samples.dtype)
    return np.where(np.isfinite(near), near, samples)
