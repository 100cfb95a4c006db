"""n uniform on the training examples, z = mean(x_n) + log_var(x_n), with no ε.

Source: discussion thread, way 2 of the asker's `generate_new_data`. N atoms have no density. A log-variance
is no displacement: where the posterior is sharp (log_var = -4, say) the code is pushed four units down.

The thread: "sample what the encoder learned", adding up the encoder's two outputs. "Sample the prior" is way 3.
"""

import dataclasses

import numpy as np
from jaxtyping import Float32

from study.latents import Latents
from study.strategies.parts.codes import Atoms


@dataclasses.dataclass(frozen=True)
class MeanPlusLogvar(Atoms):
    """Sampling from the codes shifted by their log-variances."""

    name = "mean-plus-logvar"
    summary = "pick a training example n, z = mean(x_n) + log_var(x_n), no noise (a mistake, measured)"
    fitted_on = "posteriors"

    def place(self, codes: Latents) -> Float32[np.ndarray, "N d"]:
        """Mean plus log-variance."""
        return codes.mean + codes.log_var
