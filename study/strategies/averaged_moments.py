"""z ~ N(E[mean], diag exp E[log_var]), as if the encoder were two vectors for the whole data set.

It leaves out Var(mean), the spread of the codes, and by Jensen exp E[log_var] <= E[exp log_var]: narrower
than q(z) in every dimension, and most of all in those that carry information.

Source: discussion thread, the misconception that training ends in one fixed mean and one fixed variance.

The thread: "sample what the encoder learned", read as if that were two vectors. The other side, "sample the
prior", is `prior`.
"""

import dataclasses
from typing import ClassVar

import numpy as np

from study.latents import Latents
from study.runtime.keys import Key
from study.strategies.base import Decoder, Source, fit_key, require_codes
from study.strategies.parts.gaussian import FittedGaussian
from study.strategies.parts.validation import with_validation


@dataclasses.dataclass(frozen=True)
class AveragedMoments:
    """A Gaussian with the averaged mean and the averaged log-variance."""

    name: ClassVar[str] = "averaged-moments"
    kind: ClassVar[Source] = "thread"
    source: ClassVar[str] = "discussion thread"
    summary: ClassVar[str] = "z ~ N(E[mean], diag exp E[log_var]) (a mistake, measured)"
    density: ClassVar[bool] = True
    conditional: ClassVar[bool] = False
    aims_at_q: ClassVar[bool] = False
    fits: ClassVar[tuple[type, ...]] = (FittedGaussian,)
    fitted_on: ClassVar[str] = "posteriors"

    def fit(
        self,
        key: Key,
        latents: Latents,
        *,
        model: Decoder | None = None,
        validation: Latents | None = None,
    ) -> FittedGaussian:
        """Average the two outputs over the examples.

        Raises:
            CannotFit: one code only.
        """
        key = fit_key(key, latents, validation)
        require_codes(latents, at_least=2, strategy=self.name)
        mean = latents.mean.mean(axis=0, dtype=np.float64)
        scale = np.exp(0.5 * latents.log_var.mean(axis=0, dtype=np.float64))
        fitted = FittedGaussian(mean, np.diag(scale), {"codes": latents.n})
        return with_validation(key, fitted, validation)
