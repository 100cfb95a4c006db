"""Kernel distance: the unbiased squared MMD of features, zero on average if the distributions agree."""

import dataclasses

import numpy as np
from jaxtyping import Float

from study.metrics.base import Metric, Prepared, Score
from study.metrics.reference import HALF, Reference
from study.runtime.blocks import slices

_ENTRIES = 1 << 16  # of a block of the kernel: half a megabyte, which stays in the cache


@dataclasses.dataclass(frozen=True, eq=False)
class _Sums:
    """Sums of the kernel (x·y/f + 1)³ for each row and column, and the sum of its squares; float64."""

    rows: Float[np.ndarray, " n"]
    columns: Float[np.ndarray, " m"]
    squares: float

    @classmethod
    def of(cls, x: Float[np.ndarray, "n f"], y: Float[np.ndarray, "m f"], *, same: bool) -> "_Sums":
        """Compute the sums; with `same`, y is x, and pairs of a row with itself are left out."""
        rows, columns, squares = np.empty(len(x)), np.zeros(len(y)), 0.0
        left, right = x / x.shape[1], np.ascontiguousarray(y.T)
        for some in slices(len(x), max(1, _ENTRIES // len(y))):
            base = left[some] @ right
            base += 1
            kernel = base * base
            kernel *= base
            if same:
                kernel[np.arange(len(base)), np.arange(some.start, some.stop)] = 0
            rows[some] = kernel.sum(axis=1)
            columns += kernel.sum(axis=0)
            squares += float(np.vdot(kernel, kernel))
        return cls(rows, columns, squares)

    def interaction(self, n: int, m: int) -> float:
        """Variance of the kernel that neither of its two points explains alone; n and m are the terms per side."""
        total = self.rows.sum() / (len(self.rows) * m)
        alone = np.square(self.rows / m).mean() + np.square(self.columns / n).mean()
        return self.squares / (len(self.rows) * m) - alone + total**2


@dataclasses.dataclass(frozen=True, eq=False)
class KernelReference:
    """Reference features, float64, and the sums of their kernel over distinct pairs."""

    features: Float[np.ndarray, "m f"]
    within: _Sums

    @classmethod
    def of(cls, features: Float[np.ndarray, "m f"]) -> "KernelReference":
        """Compute the sums of features, m at least 3."""
        x = np.asarray(features, np.float64)
        return cls(x, _Sums.of(x, x, same=True))


def kid(features: Float[np.ndarray, "n f"], kernel: KernelReference) -> Score:
    """Unbiased MMD² under the cubic kernel (x·y/f + 1)³, :cite:`binkowski2018` section 4.

    The full U-statistic over all pairs, not an average over random subsets, in float64 and in blocks of rows.
    May be negative.

    The standard error covers both sides. Its first-order part comes from the variance of each point's mean kernel. Its
    second-order part, all that is left if both sides have one distribution, comes from the variance of the kernel
    beyond those means (Hoeffding's decomposition, :cite:`gretton2012` section 6). The estimate of the first includes
    the second twice, so their difference is unbiased; it is kept at or above the second, which makes the standard
    error 10 to 30 % too large if the distributions agree.

    Args:
        features: of the samples, n at least 3.
        kernel: the reference's features and kernel sums, computed once.
    """
    x, real = np.asarray(features, np.float64), kernel.within
    n, m = len(x), len(kernel.features)
    own, across = _Sums.of(x, x, same=True), _Sums.of(x, kernel.features, same=False)
    pairs = own.rows.sum() / (n * (n - 1)), real.rows.sum() / (m * (m - 1))
    value = sum(pairs) - 2 * across.rows.sum() / (n * m)
    ours, theirs = own.rows / (n - 1) - across.rows / m, real.rows / (m - 1) - across.columns / n
    first = 4 * float(ours.var(ddof=1) / n + theirs.var(ddof=1) / m)
    second = (
        2 * own.interaction(n - 1, n - 1) / (n * (n - 1))
        + 2 * real.interaction(m - 1, m - 1) / (m * (m - 1))
        + 4 * across.interaction(n, m) / (n * m)
    )
    variance = max(first - second, second, 0.0)
    return Score(value, np.sqrt(variance))


def _prepare(real: Reference) -> Prepared:
    kernel = KernelReference.of(real.features)
    return Prepared(f"{HALF}, {real.view}", lambda samples: kid(samples.features, kernel))


def _prepare_pixels(real: Reference) -> Prepared:
    kernel = KernelReference.of(real.components)
    return Prepared(f"{HALF}, PCA of {real.values}", lambda samples: kid(samples.components, kernel))


KID = Metric(
    "kid",
    label="KID",
    summary="unbiased squared MMD of the features under a cubic polynomial kernel",
    source="Bińkowski et al. 2018",
    better="lower",
    meaning=(
        "squared MMD between the features of samples and of reference data with a cubic kernel; unbiased,"
        " so it is 0 on average if the distributions agree, and may be slightly negative"
    ),
    prepare=_prepare,
)
KID_PIXELS = Metric(
    "kid_pixels",
    label="KID on pixels",
    summary="unbiased squared MMD on principal components of the pixels: a second view",
    source="Bińkowski et al. 2018",
    better="lower",
    meaning="KID on principal components of the pixels instead of features",
    prepare=_prepare_pixels,
    needs="no table",
)
KID_COLUMNS = Metric(
    "kid_columns",
    label="KID on columns",
    summary="unbiased squared MMD on principal components of the columns: a second view",
    source="Bińkowski et al. 2018",
    better="lower",
    meaning="KID on principal components of the columns instead of features",
    prepare=_prepare_pixels,
    needs="table",
)
