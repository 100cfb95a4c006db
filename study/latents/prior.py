"""The interface of a prior that was learned with the model, for measurements of q(z); None always means N(0, I)."""

from typing import Protocol, runtime_checkable

import jax
import numpy as np
from jaxtyping import Float, Float64


@runtime_checkable
class PriorDensity(Protocol):
    """A density that can be sampled."""

    def log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log p(z) in nats."""
        ...

    def sample(self, key: jax.Array, *, n: int) -> Float[np.ndarray, "{n} d"]:
        """n independent draws."""
        ...


@runtime_checkable
class MarginalPrior(PriorDensity, Protocol):
    """A prior whose marginals are tractable."""

    def marginal_log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
        """log p(zⱼ) in nats for each dimension j separately."""
        ...
