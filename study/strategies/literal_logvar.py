"""n uniform on the training examples, z = mean(x_n) + ε log_var(x_n), the question's formula as written.

The scale should be exp(½ log_var). Read literally, each component is N(mean, log_var²): an informative
dimension with log_var = -4 gets standard deviation 4 instead of 0.14, and a collapsed one with log_var = 0
gets 0 instead of 1. A log-variance of exactly 0 makes its component an atom, and the fitted strategy then has no
`log_prob`.

Source: discussion thread.

The thread: the question's formula for "sample what the encoder learned"; "sample the prior" is the other side.
"""

import dataclasses

import numpy as np

from study.latents import AggregatePosterior, Latents
from study.strategies.base import Given, Strategy
from study.strategies.parts.codes import FittedCodes, FittedCodesDensity


@dataclasses.dataclass(frozen=True)
class LiteralLogvar(Strategy):
    """Sampling with the log-variance mistaken for a standard deviation."""

    name = "literal-logvar"
    kind = "thread"
    source = "discussion thread"
    summary = "pick a training example n, z = mean(x_n) + eps * log_var(x_n) (a mistake, measured)"
    aims_at_q = False
    keeps_data = True
    fits = (FittedCodes, FittedCodesDensity)
    fitted_on = "posteriors"

    def estimate(self, given: Given) -> FittedCodes:
        """Keep the codes; `info["atoms"]` counts the components that have a log-variance of exactly 0."""
        codes = given.latents
        atoms = int((codes.log_var == 0).any(axis=1).sum())
        info = {"codes": codes.n, "components": codes.n, "atoms": atoms}
        if atoms:
            return FittedCodes(codes.mean, codes.log_var, info)
        density = AggregatePosterior(Latents(codes.mean, 2 * np.log(np.abs(codes.log_var))))
        return FittedCodesDensity(codes.mean, codes.log_var, info, density)
