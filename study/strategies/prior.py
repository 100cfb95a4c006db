"""z ~ p(z) = N(0, I), the distribution that the rate term pulls every posterior towards.

Source: the generative model of :cite:`kingma2014`, section 2.1: z ~ p(z), then x ~ p(x|z).

The thread: one side says "sample the prior": the decoder defines p(x) = ∫ p(x|z) p(z) dz, and training pulled
the codes to p(z). The other side says "sample what the encoder learned": nothing forces q(z) to meet p(z), so
the prior may reach places that the decoder has never seen. It is way 3 of the asker's `generate_new_data`.
"""

import dataclasses
from typing import ClassVar

import jax
import numpy as np

from study.latents import Latents
from study.strategies._gaussian import FittedGaussian
from study.strategies._validation import with_validation
from study.strategies.base import Decoder, Source


@dataclasses.dataclass(frozen=True)
class Prior:
    """Draws from N(0, I); the codes give the dimension and nothing else."""

    name: ClassVar[str] = "prior"
    kind: ClassVar[Source] = "thread"
    source: ClassVar[str] = "discussion thread; Kingma and Welling 2014"
    summary: ClassVar[str] = "z ~ N(0, I)"
    density: ClassVar[bool] = True
    conditional: ClassVar[bool] = False
    aims_at_q: ClassVar[bool] = True
    fits: ClassVar[tuple[type, ...]] = (FittedGaussian,)
    fitted_on: ClassVar[str] = "nothing"

    def fit(
        self,
        key: jax.Array,
        latents: Latents,
        *,
        model: Decoder | None = None,
        validation: Latents | None = None,
    ) -> FittedGaussian:
        """N(0, I) in as many dimensions as the codes have."""
        fitted = FittedGaussian(np.zeros(latents.d), np.eye(latents.d), {"codes": latents.n})
        return with_validation(key, fitted, validation)
