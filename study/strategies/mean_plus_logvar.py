"""n uniform on the training examples, z = mean(x_n) + log_var(x_n), with no ε.

Source: discussion thread, way 2 of the asker's `generate_new_data`. N atoms have no density. A log-variance
is no displacement: where the posterior is sharp (log_var = -4, say) the code is pushed four units down.

The thread: "sample what the encoder learned", with both of its outputs added up. "Sample the prior" is way 3.
"""

import dataclasses

import numpy as np

from study.strategies.base import Given, Strategy
from study.strategies.parts.codes import FittedCodes


@dataclasses.dataclass(frozen=True)
class MeanPlusLogvar(Strategy):
    """Draws from the codes shifted by their log-variances."""

    name = "mean-plus-logvar"
    kind = "thread"
    source = "discussion thread"
    summary = "pick a training example n, z = mean(x_n) + log_var(x_n), no noise (a mistake, measured)"
    aims_at_q = False
    keeps_data = True
    fits = (FittedCodes,)
    density = False
    fitted_on = "posteriors"

    def estimate(self, given: Given) -> FittedCodes:
        """Keep the shifted codes; nothing is estimated."""
        location, n = given.latents.mean + given.latents.log_var, given.latents.n
        return FittedCodes(location, np.zeros_like(location), {"codes": n, "components": n})
