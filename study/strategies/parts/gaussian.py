"""A fitted Gaussian N(m, LLᵀ): z = m + Lε, and its log-density by one triangular solve."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import numpy as np
from scipy.linalg import solve_triangular

from study.models.normal import LOG_2PI
from study.strategies.parts.draws import shared_draws
from study.strategies.parts.fitted import Unconditional
from study.strategies.parts.settings import check_z


def log_normal(z: np.ndarray, *, mean: np.ndarray, cholesky: np.ndarray) -> np.ndarray:
    """log N(z; mean, cholesky choleskyᵀ) in nats, z `[n, d]`, mean `[d]`, cholesky `[d, d]` -> `[n]` float64.

    Raises:
        StudyError: z is not `[n, d]`.
    """
    z = check_z(z, d=len(mean))
    white = solve_triangular(cholesky, (z - mean).T, lower=True, check_finite=False)
    log_determinant = np.log(np.diag(cholesky)).sum()
    return -0.5 * (white**2).sum(axis=0) - log_determinant - 0.5 * len(mean) * LOG_2PI


@dataclasses.dataclass(frozen=True, eq=False)
class FittedGaussian(Unconditional):
    """N(mean, cholesky choleskyᵀ); mean `[d]` and lower-triangular cholesky `[d, d]`, both float64."""

    mean: np.ndarray
    cholesky: np.ndarray
    info: Mapping[str, Any]

    shapes: ClassVar[Mapping[str, str]] = {"mean": "d", "cholesky": "dd"}

    def _sample(self, key: jax.Array, n: int) -> np.ndarray:
        _, epsilon = shared_draws(key, n=n, d=len(self.mean), components=1)
        return (self.mean + epsilon @ self.cholesky.T).astype(np.float32)

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """log-density in nats at z `[n, d]`, `[n]` float64."""
        return log_normal(z, mean=self.mean, cholesky=self.cholesky)
