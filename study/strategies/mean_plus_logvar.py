"""n uniform on the training examples, z = mean(x_n) + log_var(x_n), with no ε.

Source: discussion thread, way 2 of the asker's `generate_new_data`. N atoms have no density. A log-variance
is no displacement: where the posterior is sharp (log_var = -4, say) the code is pushed four units down.

The thread: "sample what the encoder learned", with both of its outputs added up. "Sample the prior" is way 3.
"""

import dataclasses
from typing import ClassVar

import numpy as np

from study.latents import Latents
from study.runtime.keys import Key
from study.strategies.base import Decoder, Source, fit_key
from study.strategies.parts.codes import FittedCodes


@dataclasses.dataclass(frozen=True)
class MeanPlusLogvar:
    """Draws from the codes shifted by their log-variances."""

    name: ClassVar[str] = "mean-plus-logvar"
    kind: ClassVar[Source] = "thread"
    source: ClassVar[str] = "discussion thread"
    summary: ClassVar[str] = (
        "pick a training example n, z = mean(x_n) + log_var(x_n), no noise (a mistake, measured)"
    )
    density: ClassVar[bool] = False
    conditional: ClassVar[bool] = False
    aims_at_q: ClassVar[bool] = False
    fits: ClassVar[tuple[type, ...]] = (FittedCodes,)
    fitted_on: ClassVar[str] = "posteriors"

    def fit(
        self,
        key: Key,
        latents: Latents,
        *,
        model: Decoder | None = None,
        validation: Latents | None = None,
    ) -> FittedCodes:
        """Keep the shifted codes; nothing is estimated."""
        fit_key(key, latents, validation)  # nothing is drawn, and what is wrong is said all the same
        location = latents.mean + latents.log_var
        return FittedCodes(location, np.zeros_like(location), {"codes": latents.n, "components": latents.n})
