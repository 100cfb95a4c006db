"""n uniform on the training examples, z = mean(x_n) + ε log_var(x_n), the question's formula as written.

The scale should be exp(½ log_var). Read literally, each component is N(mean, log_var²): an informative
dimension with log_var = -4 gets standard deviation 4 instead of 0.14, and a collapsed one with log_var = 0
gets none. Where a log-variance is exactly 0 that component is an atom, and the fitted draw then has no
`log_prob`.

Source: discussion thread.

The thread: the question means "sample what the encoder learned" by it; "sample the prior" is the other side.
"""

import dataclasses
from typing import ClassVar

import numpy as np

from study.latents import AggregatePosterior, Latents
from study.runtime.keys import Key
from study.strategies.base import Decoder, Source, fit_key
from study.strategies.parts.codes import FittedCodes, FittedCodesDensity
from study.strategies.parts.validation import with_validation


@dataclasses.dataclass(frozen=True)
class LiteralLogvar:
    """Draws with the log-variance taken for a standard deviation."""

    name: ClassVar[str] = "literal-logvar"
    kind: ClassVar[Source] = "thread"
    source: ClassVar[str] = "discussion thread"
    summary: ClassVar[str] = (
        "pick a training example n, z = mean(x_n) + eps * log_var(x_n) (a mistake, measured)"
    )
    density: ClassVar[bool] = True
    conditional: ClassVar[bool] = False
    aims_at_q: ClassVar[bool] = False
    fits: ClassVar[tuple[type, ...]] = (FittedCodes, FittedCodesDensity)
    fitted_on: ClassVar[str] = "posteriors"

    def fit(
        self,
        key: Key,
        latents: Latents,
        *,
        model: Decoder | None = None,
        validation: Latents | None = None,
    ) -> FittedCodes:
        """Keep the codes; `info["atoms"]` counts the components that have a log-variance of exactly 0."""
        key = fit_key(key, latents, validation)
        atoms = int((latents.log_var == 0).any(axis=1).sum())
        info = {"codes": latents.n, "components": latents.n, "atoms": atoms}
        if atoms:
            return FittedCodes(latents.mean, latents.log_var, info)
        density = AggregatePosterior(Latents(latents.mean, 2 * np.log(np.abs(latents.log_var))))
        return with_validation(
            key, FittedCodesDensity(latents.mean, latents.log_var, info, density), validation
        )
