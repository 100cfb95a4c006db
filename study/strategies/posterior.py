"""n uniform on the training examples, z ~ q(z|x_n): an exact draw from q(z) = 1/N Σ_n q(z|x_n).

Source: the aggregated posterior of :cite:`makhzani2016`; as a mixture over the data, :cite:`hoffman2016`.

The thread: one side says "sample what the encoder learned": these are the z that the decoder was trained on.
The other side says "sample the prior": this draw needs the training data and may only rebuild them. It is way
1 of the asker's `generate_new_data`.
"""

import dataclasses
from typing import ClassVar

import numpy as np

from study.latents import AggregatePosterior, Latents
from study.runtime.keys import Key
from study.strategies.base import Decoder, Source, fit_key
from study.strategies.parts.codes import FittedCodesDensity
from study.strategies.parts.validation import with_validation


@dataclasses.dataclass(frozen=True)
class Posterior:
    """Draws from the aggregate posterior."""

    name: ClassVar[str] = "posterior"
    kind: ClassVar[Source] = "thread"
    source: ClassVar[str] = "discussion thread; Makhzani et al. 2016"
    summary: ClassVar[str] = "pick a training example n, z ~ q(z|x_n): an exact draw from q(z)"
    density: ClassVar[bool] = True
    conditional: ClassVar[bool] = False
    aims_at_q: ClassVar[bool] = True
    fits: ClassVar[tuple[type, ...]] = (FittedCodesDensity,)
    fitted_on: ClassVar[str] = "posteriors"

    def fit(
        self,
        key: Key,
        latents: Latents,
        *,
        model: Decoder | None = None,
        validation: Latents | None = None,
    ) -> FittedCodesDensity:
        """Keep the codes; nothing is estimated."""
        key = fit_key(key, latents, validation)
        fitted = FittedCodesDensity(
            location=latents.mean,
            scale=np.exp(0.5 * latents.log_var),
            info={"codes": latents.n, "components": latents.n},
            density=AggregatePosterior(latents),
        )
        return with_validation(key, fitted, validation)
