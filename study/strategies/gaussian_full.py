"""z ~ N(m, C), m = E[mean] and C = Cov(mean) + diag E[exp log_var]: all first and second moments of q(z).

With `fit_on="means"`, C = Cov(mean), which is too narrow by the average posterior variance.

Source: ex-post density estimation, :cite:`ghosh2020`, section 4, with one component.

The thread: not named there. A step from "sample the prior" towards "sample what the encoder learned": what it
gains over `global-gaussian` is what the correlations are worth.
"""

import dataclasses
from typing import ClassVar

from study.latents import Latents
from study.runtime.keys import Key
from study.strategies.base import Decoder, Source, fit_key, require_codes
from study.strategies.parts.gaussian import FittedGaussian
from study.strategies.parts.moments import FitOn, check_fit_on, moments, whole_cholesky
from study.strategies.parts.validation import with_validation


@dataclasses.dataclass(frozen=True)
class GaussianFull:
    """A Gaussian with the mean and the covariance of q(z); `fit_on` "samples" or "means"."""

    fit_on: FitOn = "samples"

    name: ClassVar[str] = "gaussian-full"
    kind: ClassVar[Source] = "fitted"
    source: ClassVar[str] = "Ghosh et al. 2020"
    summary: ClassVar[str] = "z ~ N(m, C) with the mean and the full covariance of q(z)"
    density: ClassVar[bool] = True
    conditional: ClassVar[bool] = False
    aims_at_q: ClassVar[bool] = True
    fits: ClassVar[tuple[type, ...]] = (FittedGaussian,)

    def __post_init__(self) -> None:
        check_fit_on(self.fit_on, strategy=self.name)

    def fit(
        self,
        key: Key,
        latents: Latents,
        *,
        model: Decoder | None = None,
        validation: Latents | None = None,
    ) -> FittedGaussian:
        """Match the mean and the covariance.

        Raises:
            CannotFit: no more codes than dimensions, or fit on means that span fewer than d dimensions.
        """
        key = fit_key(key, latents, validation)
        require_codes(latents, at_least=latents.d + 1, strategy=self.name)
        mean, covariance = moments(latents, fit_on=self.fit_on, strategy=self.name)
        cholesky, smallest = whole_cholesky(covariance, strategy=self.name)
        info = {"codes": latents.n, "smallest_correlation_eigenvalue": smallest}
        fitted = FittedGaussian(mean, cholesky, info)
        return with_validation(key, fitted, validation)
