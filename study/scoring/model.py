"""What scoring asks of a model: one that was trained here, or one that somebody else trained."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Integer

from study.models.likelihoods import Likelihood


@runtime_checkable
class ScoredModel(Protocol):
    """Encoder and decoder as plain functions. A model whose `prior` is absent or None has N(0, I)."""

    @property
    def conditional(self) -> bool:
        """Whether `encode` and `decode` need labels."""
        ...

    @property
    def likelihood(self) -> Likelihood:
        """Of the decoder: decides whether its error is a sum of squares or a cross-entropy."""
        ...

    def encode(
        self, x: Float[np.ndarray, "N D"], labels: Integer[np.ndarray, " N"] | None = None
    ) -> tuple[Float[np.ndarray, "N d"], Float[np.ndarray, "N d"]]:
        """Mean and log-variance of q(z|x)."""
        ...

    def decode(
        self, z: Float[np.ndarray, "n d"], labels: Integer[np.ndarray, " n"] | None = None
    ) -> Float[np.ndarray, "n D"]:
        """The mean of p(x|z)."""
        ...
