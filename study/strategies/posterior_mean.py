"""n uniform on the training examples, z = mean(x_n): the codes themselves, without noise.

Source: discussion thread. N atoms have no density, and Var(z) falls short of that of q(z) by E[exp log_var].

The thread: "sample what the encoder learned", with the mean taken for the code. Against it, beside "sample
the prior": the decoder was trained on noisy z, and each draw reconstructs one training example.
"""

import dataclasses

import numpy as np

from study.strategies.base import Given, Strategy
from study.strategies.parts.codes import FittedCodes


@dataclasses.dataclass(frozen=True)
class PosteriorMean(Strategy):
    """Draws from the posterior means of the training examples."""

    name = "posterior-mean"
    kind = "thread"
    source = "discussion thread"
    summary = "pick a training example n, z = mean(x_n)"
    aims_at_q = False
    keeps_data = True
    fits = (FittedCodes,)
    density = False
    fitted_on = "means"

    def estimate(self, given: Given) -> FittedCodes:
        """Keep the means; nothing is estimated."""
        mean, n = given.latents.mean, given.latents.n
        return FittedCodes(mean, np.zeros_like(mean), {"codes": n, "components": n})
