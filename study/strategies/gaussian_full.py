"""z ~ N(m, C), m = E[mean] and C = Cov(mean) + diag E[exp log_var]: all first and second moments of q(z).

With `fit_on="means"`, C = Cov(mean), which is too narrow by the average posterior variance. At a temperature τ,
N(m, τ² C).

Source: ex-post density estimation, :cite:`ghosh2020`, section 4, with one component.

The thread: not named there. A step from "sample the prior" towards "sample what the encoder learned": its gain over
`global-gaussian` measures the value of the correlations.
"""

import dataclasses
from typing import ClassVar

from study.strategies.base import Given, Rung
from study.strategies.parts.gaussian import FittedGaussian
from study.strategies.parts.moments import FitOn, moments, whole_cholesky
from study.strategies.parts.temperature import Tempered


@dataclasses.dataclass(frozen=True)
class GaussianFull(Tempered):
    """A Gaussian with the mean and the covariance of q(z); `fit_on` "samples" or "means"."""

    fit_on: FitOn = "samples"

    name = "gaussian-full"
    kind = "fitted"
    source = "Ghosh et al. 2020"
    summary = "z ~ N(m, C) with the mean and the full covariance of q(z)"
    aims_at_q = True
    keeps_data = False
    fits = (FittedGaussian,)
    rung: ClassVar[Rung | None] = Rung(2, "+ correlation")

    def least_codes(self, d: int) -> int:
        """As many as can span d dimensions, d + 1."""
        return d + 1

    def estimate(self, given: Given) -> FittedGaussian:
        """Match the mean and the covariance.

        Raises:
            CannotFit: it is fitted on means, and these span fewer than d dimensions.
        """
        mean, covariance = moments(given.latents, fit_on=self.fit_on, strategy=self.name)
        cholesky, smallest = whole_cholesky(covariance, strategy=self.name)
        info = {"codes": given.latents.n, "smallest_correlation_eigenvalue": smallest}
        return FittedGaussian(mean, self.temperature * cholesky, info)


@dataclasses.dataclass(frozen=True)
class FullOnMeans(GaussianFull):
    """`GaussianFull` of the posterior means, without their variances."""

    fit_on: FitOn = "means"

    name = "gaussian-full-means"
    summary = "z ~ N(m, C) with the mean and the full covariance of the posterior means"
    aims_at_q = False
    rung = None
