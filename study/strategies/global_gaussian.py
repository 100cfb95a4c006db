"""z ~ N(m, diag v), m = E[mean] and v = Var(mean) + E[exp log_var]: the moments of each dimension of q(z).

Of all Gaussians with independent dimensions, it is the one that minimises KL(q(z) ‖ ·). With `fit_on="means"`,
v = Var(mean), which is too narrow by the average posterior variance. At a temperature τ, N(m, τ² diag v).

Source: discussion thread, "the empirical distribution of z".

The thread: "sample what the encoder learned", in summary. It keeps scale and shift, and like "sample the
prior" it forgets correlations, shapes and clusters.
"""

import dataclasses

import numpy as np

from study.strategies.base import Given, Rung
from study.strategies.parts.gaussian import FittedGaussian
from study.strategies.parts.moments import FitOn, moments
from study.strategies.parts.temperature import Tempered


@dataclasses.dataclass(frozen=True)
class GlobalGaussian(Tempered):
    """A Gaussian with the mean and the variances of q(z); `fit_on` "samples" or "means"."""

    fit_on: FitOn = "samples"

    name = "global-gaussian"
    kind = "thread"
    source = "discussion thread"
    summary = "z ~ N(m, diag v) with the mean and the variances of q(z)"
    aims_at_q = True
    keeps_data = False
    fits = (FittedGaussian,)
    rung = Rung(1, "scale and shift")

    def least_codes(self, d: int) -> int:
        """At least two codes, since one has no variance."""
        return 2

    def estimate(self, given: Given) -> FittedGaussian:
        """Match the mean and the variances.

        Raises:
            CannotFit: it is fitted on means, and one dimension of these is constant.
        """
        mean, covariance = moments(given.latents, fit_on=self.fit_on, strategy=self.name)
        scale = self.temperature * np.diag(np.sqrt(np.diag(covariance)))
        return FittedGaussian(mean, scale, {"codes": given.latents.n})
