"""z ~ N(0, τ² I), one temperature for all: the prior, as wide as the codes are on average.

τ² = E‖z‖²/d maximises E log N(z; 0, τ² I) in closed form. The mean is over q(z) of the validation codes, or of the
training codes where there are none; with `fit_on="means"` over their means, which leaves out E[exp log_var].

Source: sampling at a reduced temperature, :cite:`kingma2018`, section 6, there chosen by eye.

The thread: "sample the prior", conceding one number to "sample what the encoder learned".
"""

import dataclasses
from typing import ClassVar

import numpy as np

from study.errors import CannotFit
from study.latents import Latents
from study.runtime.keys import Key
from study.strategies.base import Decoder, Source, fit_key, require_codes
from study.strategies.parts.gaussian import FittedGaussian
from study.strategies.parts.moments import FitOn, check_fit_on
from study.strategies.parts.validation import with_validation


@dataclasses.dataclass(frozen=True)
class TemperedPrior:
    """N(0, τ² I); `fit_on` "samples" or "means"."""

    fit_on: FitOn = "samples"

    name: ClassVar[str] = "tempered-prior"
    kind: ClassVar[Source] = "fitted"
    source: ClassVar[str] = "Kingma and Dhariwal 2018"
    summary: ClassVar[str] = "z ~ N(0, tau^2 I), tau by validation log-density"
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
        """Choose τ in closed form.

        Raises:
            CannotFit: one code only, or fit on means that are all zero.
        """
        key = fit_key(key, latents, validation)
        require_codes(latents, at_least=2, strategy=self.name)
        codes = latents if validation is None else validation
        second = np.square(codes.mean, dtype=np.float64)
        if self.fit_on == "samples":
            second = second + np.exp(codes.log_var, dtype=np.float64)
        tau = float(np.sqrt(second.mean()))
        if tau == 0:
            raise CannotFit(f"strategy {self.name!r}: all means are 0, and so is tau; use fit_on='samples'")
        fitted = FittedGaussian(
            np.zeros(latents.d), tau * np.eye(latents.d), {"codes": latents.n, "tau": tau}
        )
        return with_validation(key, fitted, validation)
