"""n uniform on the training examples, z = mean(x_n): the codes themselves, without noise.

Source: discussion thread. N atoms have no density, and Var(z) falls short of that of q(z) by E[exp log_var].

The thread: "sample what the encoder learned", with the mean taken for the code. Against it, beside "sample
the prior": the decoder was trained on noisy z, and each draw reconstructs one training example.
"""

import dataclasses
from typing import ClassVar

import numpy as np

from study.latents import Latents
from study.runtime.keys import Key
from study.strategies.base import Decoder, Source, fit_key
from study.strategies.parts.codes import FittedCodes


@dataclasses.dataclass(frozen=True)
class PosteriorMean:
    """Draws from the posterior means of the training examples."""

    name: ClassVar[str] = "posterior-mean"
    kind: ClassVar[Source] = "thread"
    source: ClassVar[str] = "discussion thread"
    summary: ClassVar[str] = "pick a training example n, z = mean(x_n)"
    density: ClassVar[bool] = False
    conditional: ClassVar[bool] = False
    aims_at_q: ClassVar[bool] = False
    fits: ClassVar[tuple[type, ...]] = (FittedCodes,)
    fitted_on: ClassVar[str] = "means"

    def fit(
        self,
        key: Key,
        latents: Latents,
        *,
        model: Decoder | None = None,
        validation: Latents | None = None,
    ) -> FittedCodes:
        """Keep the means; nothing is estimated."""
        fit_key(key, latents, validation)  # nothing is drawn, and what is wrong is said all the same
        info = {"codes": latents.n, "components": latents.n}
        return FittedCodes(latents.mean, np.zeros_like(latents.mean), info)
