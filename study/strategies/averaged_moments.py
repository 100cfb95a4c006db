"""z ~ N(E[mean], diag exp E[log_var]), as if the encoder were two vectors for the whole data set.

It leaves out Var(mean), the spread of the codes, and exp E[log_var] <= E[exp log_var] by Jensen's inequality. So it
is narrower than q(z) in every dimension, most of all in those that carry information.

Source: discussion thread, the misconception that training ends in one fixed mean and one fixed variance.

The thread: "sample what the encoder learned", read as if that were two vectors. The other side, "sample the
prior", is `prior`.
"""

import dataclasses

import numpy as np

from study.strategies.base import Given, Strategy
from study.strategies.parts.gaussian import FittedGaussian


@dataclasses.dataclass(frozen=True)
class AveragedMoments(Strategy):
    """A Gaussian with the averaged mean and the averaged log-variance."""

    name = "averaged-moments"
    kind = "thread"
    source = "discussion thread"
    summary = "z ~ N(E[mean], diag exp E[log_var]) (a mistake, measured)"
    aims_at_q = False
    keeps_data = False
    fits = (FittedGaussian,)
    fitted_on = "posteriors"

    def least_codes(self, d: int) -> int:
        """At least two codes, since an average of one is that code."""
        return 2

    def estimate(self, given: Given) -> FittedGaussian:
        """Average the two outputs over the examples."""
        codes = given.latents
        mean = codes.mean.mean(axis=0, dtype=np.float64)
        scale = np.exp(0.5 * codes.log_var.mean(axis=0, dtype=np.float64))
        return FittedGaussian(mean, np.diag(scale), {"codes": codes.n})
