"""The interface of a prior that was learned with the model, for measurements of q(z); None always means N(0, I)."""

from typing import Protocol, runtime_checkable

import jax
import numpy as np


class PriorDensity(Protocol):
    """A density that can be sampled."""

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
        """log p(zⱼ) in nats for each dimension j separately at z `[n, d]`, `[n, d]` float64."""
        ...
