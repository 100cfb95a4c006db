"""n uniform on the training examples, z = mean(x_n): the codes themselves, without noise.

Source: discussion thread. N atoms have no density, and Var(z) falls short of that of q(z) by E[exp log_var].

The thread: "sample what the encoder learned", with the mean as the code. Objections, besides "sample the prior":
the decoder was trained on noisy z, and each draw reconstructs one training example.
"""

import dataclasses

import numpy as np
from jaxtyping import Float32

from study.latents import Latents
from study.strategies.parts.codes import Atoms


@dataclasses.dataclass(frozen=True)
class PosteriorMean(Atoms):
    """Sampling from the posterior means of the training examples."""

    name = "posterior-mean"
    summary = "pick a training example n, z = mean(x_n)"
    fitted_on = "means"

    def place(self, codes: Latents) -> Float32[np.ndarray, "N d"]:
        """The means."""
        return codes.mean
