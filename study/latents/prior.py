"""What measurements of q(z) need of a prior that was learned with the model; None stands for N(0, I) throughout."""

from typing import Protocol, runtime_checkable

import jax
import numpy as np


class PriorDensity(Protocol):
    """A density that can be drawn from."""

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """log p(z) in nats at z `[n, d]`, `[n]` float64."""
        ...

    def sample(self, key: jax.Array, *, n: int) -> np.ndarray:
        """n independent draws `[n, d]`."""
        ...


@runtime_checkable
class MarginalPrior(PriorDensity, Protocol):
    """A prior whose marginals are tractable."""

    def marginal_log_prob(self, z: np.ndarray) -> np.ndarray:
        """log p(zⱼ) in nats of each dimension on its own at z `[n, d]`, `[n, d]` float64."""
        ...
