"""z ~ N(m, diag v), m = E[mean] and v = Var(mean) + E[exp log_var]: the moments of each dimension of q(z).

Of all Gaussians with independent dimensions, the one nearest to q(z) in KL(q(z) ‖ ·). With `fit_on="means"`,
v = Var(mean), which is too narrow by the average posterior variance.

Source: discussion thread, "the empirical distribution of z".

The thread: "sample what the encoder learned", in summary. It keeps scale and shift, and like "sample the
prior" it forgets correlations, shapes and clusters.
"""

import dataclasses
from typing import ClassVar

import numpy as np

from study.latents import Latents
from study.runtime.keys import Key
from study.strategies.base import Decoder, Source, fit_key, require_codes
from study.strategies.parts.gaussian import FittedGaussian
from study.strategies.parts.moments import FitOn, check_fit_on, moments
from study.strategies.parts.validation import with_validation


@dataclasses.dataclass(frozen=True)
class GlobalGaussian:
    """A Gaussian with the mean and the variances of q(z); `fit_on` "samples" or "means"."""

    fit_on: FitOn = "samples"

    name: ClassVar[str] = "global-gaussian"
    kind: ClassVar[Source] = "thread"
    source: ClassVar[str] = "discussion thread"
    summary: ClassVar[str] = "z ~ N(m, diag v) with the mean and the variances of q(z)"
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
        """Match the mean and the variances.

        Raises:
            CannotFit: one code only, or fit on means of which one dimension is constant.
        """
        key = fit_key(key, latents, validation)
        require_codes(latents, at_least=2, strategy=self.name)
        mean, covariance = moments(latents, fit_on=self.fit_on, strategy=self.name)
        fitted = FittedGaussian(mean, np.diag(np.sqrt(np.diag(covariance))), {"codes": latents.n})
        return with_validation(key, fitted, validation)
