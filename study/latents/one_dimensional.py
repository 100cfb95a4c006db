"""The density of a mixture of many Gaussians on a line, from those components alone that are near a point."""

import numpy as np
from jaxtyping import Float, Float64

from study.models.normal import LOG_2PI
from study.runtime.environment import blas_threads

REACH = 9.0  # standard deviations; 1e-19 of a Gaussian lies beyond
_POINTS, _COMPONENTS = 64, 1024  # whose pairs are computed at once: half a megabyte, which stays in the cache


class LineMixture:
    """1/N Σₙ N(meanₙ, scaleₙ²), sorted by the size of scales and then by means, so that near components are a slice.

    Args:
        mean, scale: `[N]` float64.
    """

    def __init__(self, mean: Float64[np.ndarray, " N"], scale: Float64[np.ndarray, " N"]) -> None:
        self._n = len(mean)
        octave = np.frexp(scale)[1]
        self._alike: list[tuple[float, np.ndarray, np.ndarray]] = []  # reach, means in order, and 1/scale
        for one in np.unique(octave):
            rows = np.flatnonzero(octave == one)
            rows = rows[np.argsort(mean[rows], kind="stable")]
            self._alike.append((REACH * float(scale[rows].max()), mean[rows], 1 / scale[rows]))

    def log_prob(self, z: Float[np.ndarray, " M"]) -> Float64[np.ndarray, " M"]:
        """log-density in nats; −inf where every component is more than 9 standard deviations away.

        Time is that of the pairs of points and near components; memory does not grow with them.
        """
        order = np.argsort(z)
        ordered, total = z[order].astype(np.float64), np.zeros(len(z))
        with blas_threads(1):
            for start in range(0, len(z), _POINTS):
                block = ordered[start : start + _POINTS]
                total[start : start + _POINTS] = sum(self._near(block, *alike) for alike in self._alike)
        found = np.empty(len(z))
        with np.errstate(divide="ignore"):
            found[order] = np.log(total / self._n) - 0.5 * LOG_2PI
        return found

    def _near(
        self,
        block: Float64[np.ndarray, " m"],
        reach: float,
        mean: Float64[np.ndarray, " k"],
        inverse: Float64[np.ndarray, " k"],
    ) -> Float64[np.ndarray, " m"]:
        """The densities of some components, times √(2π), summed at each of the points in order."""
        total = np.zeros(len(block))
        first, last = np.searchsorted(mean, (block[0] - reach, block[-1] + reach))
        for start in range(first, last, _COMPONENTS):
            some = slice(start, min(start + _COMPONENTS, last))
            powers = (block[:, None] - mean[some]) * inverse[some]
            np.square(powers, out=powers)
            powers *= -0.5
            total += np.exp(powers, out=powers) @ inverse[some]
        return total
