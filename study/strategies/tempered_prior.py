"""z ~ N(0, τ² I), one temperature for all: the prior, as wide as the codes are on average.

τ² = E‖z‖²/d maximises E log N(z; 0, τ² I) in closed form. The mean is over q(z) of the validation codes, or of the
training codes if there are none; with `fit_on="means"` over their means, which leaves out E[exp log_var].

Source: sampling at a reduced temperature, :cite:`kingma2018`, section 6, there chosen by eye.

The thread: "sample the prior", conceding one number to "sample what the encoder learned".
"""

import dataclasses

import numpy as np

from study.errors import CannotFit
from study.strategies.base import Given, Strategy
from study.strategies.parts.gaussian import FittedGaussian
from study.strategies.parts.moments import FitOn


@dataclasses.dataclass(frozen=True)
class TemperedPrior(Strategy):
    """N(0, τ² I); `fit_on` "samples" or "means"."""

    fit_on: FitOn = "samples"

    name = "tempered-prior"
    kind = "fitted"
    source = "Kingma and Dhariwal 2018"
    summary = "z ~ N(0, tau^2 I), tau by validation log-density"
    aims_at_q = True
    keeps_data = False
    fits = (FittedGaussian,)

    def least_codes(self, d: int) -> int:
        """At least two codes, since one says little about spread."""
        return 2

    def estimate(self, given: Given) -> FittedGaussian:
        """Choose τ in closed form.

        Raises:
            CannotFit: it is fitted on means, and all are zero.
        """
        codes = given.latents if given.validation is None else given.validation
        second = np.square(codes.mean, dtype=np.float64)
        if self.fit_on == "samples":
            second = second + np.exp(codes.log_var, dtype=np.float64)
        tau = float(np.sqrt(second.mean()))
        if tau == 0:
            raise CannotFit(f"strategy {self.name!r}: all means are 0, and so is tau; use fit_on='samples'")
        n, d = given.latents.n, given.latents.d
        return FittedGaussian(np.zeros(d), tau * np.eye(d), {"codes": n, "tau": tau})
