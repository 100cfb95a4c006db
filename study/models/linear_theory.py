"""The exact optimum of a linear-Gaussian VAE under α·SSE + β·KL :cite:`tipping1999,lucas2019`.

With noise variance s = β/(2α), the principal axis with data variance λ is active iff λ > s. Its KL is then ½ log(λ/s),
its posterior variance s/λ and the variance of its posterior mean 1 − s/λ, so that q(z) has exactly unit variance.
"""

import dataclasses

import numpy as np
from jaxtyping import Float

from study.models.likelihoods import noise_variance


@dataclasses.dataclass(frozen=True, eq=False)
class LinearOptimum:
    """The optimum, axis by axis in decreasing order of data variance.

    Attributes:
        noise_variance: s.
        kl: nats per axis, 0 where inactive.
        posterior_variance: 1 where inactive.
    """

    noise_variance: float
    kl: Float[np.ndarray, " D"]
    posterior_variance: Float[np.ndarray, " D"]

    @property
    def rate(self) -> float:
        """E_x KL(q(z|x)‖p(z)) in nats."""
        return float(self.kl.sum())

    @property
    def active(self) -> int:
        """Number of axes with λ > s."""
        return int((self.kl > 0).sum())


def linear_optimum(x: Float[np.ndarray, "N D"], *, alpha: float, beta: float) -> LinearOptimum:
    """The optimum for data, which depends only on their covariance, if d ≥ the number of active axes."""
    x = x.astype(np.float64) - x.mean(0, dtype=np.float64)
    variances = np.linalg.eigvalsh(x.T @ x / len(x))[::-1]
    s = noise_variance(alpha, beta)
    ratio = np.maximum(variances / s, 1.0)
    return LinearOptimum(s, 0.5 * np.log(ratio), 1 / ratio)
