"""A trained model: plain arrays, and the two functions that everything downstream may call."""

import dataclasses
import functools
from typing import Any

import jax
import numpy as np
from flax import nnx

from study.config import VAEConfig
from study.errors import StudyError
from study.models.likelihoods import Likelihood
from study.models.vae import VAE

BLOCK = 1024  # rows per call: bounds memory, and one shape means one compilation


@dataclasses.dataclass(frozen=True)
class Architecture:
    """All that fixes the shapes of a model's program; hashable, so that programs are cached by it."""

    config: VAEConfig
    size: int
    likelihood: Likelihood

    def initialise(self, key: jax.Array) -> Any:
        """Fresh parameters, a pytree of arrays."""
        return nnx.split(VAE(self.config, self.size, self.likelihood, rngs=nnx.Rngs(params=key)))[1]

    def merge(self, parameters: Any) -> VAE:
        """The module with these parameters."""
        return nnx.merge(self._graph, parameters)

    @property
    def _graph(self) -> Any:
        return _graph(self)


@functools.lru_cache(maxsize=64)
def _graph(architecture: Architecture) -> Any:
    build = lambda: VAE(  # noqa: E731
        architecture.config, architecture.size, architecture.likelihood, rngs=nnx.Rngs(params=0)
    )
    return nnx.split(nnx.eval_shape(build))[0]


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
        x = self._rows(x, self.architecture.size, "x")
        mean, log_var = _in_blocks(functools.partial(_encode, self.architecture, self.parameters), x)
        return mean, log_var

    def decode(self, z: np.ndarray) -> np.ndarray:
        """The decoder's mean: `[n, d]` -> `[n, D]` float32.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        z = self._rows(z, self.architecture.config.latent_dim, "z")
        return _in_blocks(functools.partial(_decode, self.architecture, self.parameters), z)[0]

    @property
    def finite(self) -> bool:
        """Whether every parameter and every loss is a finite number."""
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(self.parameters)]
        return all(bool(np.isfinite(leaf).all()) for leaf in [*leaves, self.losses])

    @staticmethod
    def _rows(array: np.ndarray, width: int, name: str) -> np.ndarray:
        array = np.asarray(array, np.float32)
        if array.ndim != 2 or array.shape[1] != width:
            raise StudyError(f"model: {name} must be [N, {width}], got {list(array.shape)}")
        return array


@functools.partial(jax.jit, static_argnums=0)
def _encode(architecture: Architecture, parameters: Any, x: jax.Array) -> tuple[jax.Array, ...]:
    return architecture.merge(parameters).encode(x)


@functools.partial(jax.jit, static_argnums=0)
def _decode(architecture: Architecture, parameters: Any, z: jax.Array) -> tuple[jax.Array, ...]:
    return (architecture.merge(parameters).decode(z),)


def _in_blocks(function: Any, rows: np.ndarray) -> tuple[np.ndarray, ...]:
    blocks = []
    for start in range(0, max(len(rows), 1), BLOCK):
        block = rows[start : start + BLOCK]
        padded = np.concatenate([block, np.zeros((BLOCK - len(block), rows.shape[1]), rows.dtype)])
        blocks.append([np.asarray(out)[: len(block)] for out in function(padded)])
    return tuple(np.concatenate(parts) for parts in zip(*blocks, strict=True))
