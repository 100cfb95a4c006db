"""A fitted Gaussian N(m, LLᵀ): z = m + Lε, and its log-density by one triangular solve."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import numpy as np
from jaxtyping import Float, Float32, Float64
from scipy.linalg import solve_triangular

from study.models.normal import LOG_2PI
from study.strategies.parts.draws import shared_draws
from study.strategies.parts.fitted import Unconditional
from study.strategies.parts.settings import check_z


def log_normal(
    z: Float[np.ndarray, "n d"], *, mean: Float[np.ndarray, " d"], cholesky: Float[np.ndarray, "d d"]
) -> Float64[np.ndarray, " n"]:
    """log N(z; mean, cholesky choleskyᵀ) in nats.

    Raises:
        StudyError: z is not `[n, d]`.
    """
    z = check_z(z, d=len(mean))
    white = solve_triangular(cholesky, (z - mean).T, lower=True, check_finite=False)
    log_determinant = np.log(np.diag(cholesky)).sum()
    return -0.5 * (white**2).sum(axis=0) - log_determinant - 0.5 * len(mean) * LOG_2PI


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedGaussian(Unconditional):
    """N(mean, cholesky choleskyᵀ); the cholesky is lower-triangular, both are float64."""

    mean: Float[np.ndarray, " d"]
    cholesky: Float[np.ndarray, "d d"]
    info: Mapping[str, Any]

    shapes: ClassVar[Mapping[str, str]] = {"mean": "d", "cholesky": "dd"}

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        _, epsilon = shared_draws(key, n=n, d=len(self.mean), components=1)
        return (self.mean + epsilon @ self.cholesky.T).astype(np.float32)

    def log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log-density in nats at z."""
        return log_normal(z, mean=self.mean, cholesky=self.cholesky)
