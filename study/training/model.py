"""A trained model: plain arrays, and the two functions that everything downstream may call."""

import dataclasses
import functools
from typing import Any

import jax
import numpy as np
from flax import nnx

from study.config import VAEConfig
from study.models.likelihoods import Likelihood
from study.models.vae import VAE
from study.training.blocks import in_blocks, rows
from study.training.prior import LearnedPrior, learned_prior


@dataclasses.dataclass(frozen=True)
class Architecture:
    """All that fixes the shapes of a model's program; hashable, so that programs are cached by it."""

    config: VAEConfig
    size: int
    likelihood: Likelihood

    def initialise(self, key: jax.Array, train: jax.Array | None = None) -> Any:
        """Fresh parameters, a pytree of arrays; a prior may begin at training data `[N, D]`, where given."""
        model = VAE(self.config, self.size, self.likelihood, rngs=nnx.Rngs(params=key))
        if model.prior is not None and train is not None:
            model.prior.start(jax.random.fold_in(key, 1), train)
        return nnx.split(model)[1]

    def finish(self, key: jax.Array, parameters: Any) -> Any:
        """The parameters with what a prior only knows when training is over."""
        model = self.merge(parameters)
        if model.prior is None:
            return parameters
        model.prior.finish(key)
        return nnx.split(model)[1]

    def merge(self, parameters: Any) -> VAE:
        """The module with these parameters."""
        return nnx.merge(_abstract(self)[0], parameters)

    @property
    def abstract(self) -> Any:
        """The parameters as shapes and types, without values."""
        return _abstract(self)[1]


@functools.lru_cache(maxsize=64)
def _abstract(architecture: Architecture) -> tuple[Any, Any]:
    """The module's graph, and its parameters as shapes."""
    build = lambda: VAE(  # noqa: E731
        architecture.config, architecture.size, architecture.likelihood, rngs=nnx.Rngs(params=0)
    )
    return nnx.split(nnx.eval_shape(build))


@dataclasses.dataclass(frozen=True, eq=False)
class TrainedModel:
    """One trained cell.

    Attributes:
        architecture: what was built.
        parameters: pytree of arrays.
        alpha, beta, seed: the cell.
        losses: `[epochs, 2, 2]`: epoch × (train, validation) × (recon, rate), means over examples.
    """

    architecture: Architecture
    parameters: Any
    alpha: float
    beta: float
    seed: int
    losses: np.ndarray

    def encode(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`[N, D]` -> mean `[N, d]`, log-variance `[N, d]`, float32.

        Raises:
            StudyError: x is not `[N, D]`.
        """
        x = rows(x, self.architecture.size, "x")
        mean, log_var = in_blocks(functools.partial(_encode, self.architecture, self.parameters), x)
        return mean, log_var

    def decode(self, z: np.ndarray) -> np.ndarray:
        """The decoder's mean: `[n, d]` -> `[n, D]` float32.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        z = rows(z, self.architecture.config.latent_dim, "z")
        return in_blocks(functools.partial(_decode, self.architecture, self.parameters), z)

    @property
    def prior(self) -> LearnedPrior | None:
        """The prior that was learned with the model; None is N(0, I)."""
        return learned_prior(self)

    @property
    def finite(self) -> bool:
        """Whether every parameter and every loss is a finite number."""
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(self.parameters)]
        return all(bool(np.isfinite(leaf).all()) for leaf in [*leaves, self.losses])


@functools.partial(jax.jit, static_argnums=0)
def _encode(architecture: Architecture, parameters: Any, x: jax.Array) -> tuple[jax.Array, ...]:
    return architecture.merge(parameters).encode(x)


@functools.partial(jax.jit, static_argnums=0)
def _decode(architecture: Architecture, parameters: Any, z: jax.Array) -> jax.Array:
    return architecture.merge(parameters).decode(z)
