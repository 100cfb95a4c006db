"""A trained model: plain arrays, and functions to encode, decode and sample."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Int, Int32, Scalar, ScalarLike, Shaped

from study.data.labels import are_names, class_numbers
from study.errors import CannotFit, StudyError
from study.models.likelihoods import Likelihood
from study.runtime.arrays import numbers
from study.runtime.brief import Brief, Text
from study.runtime.keys import Key, as_key
from study.training.architecture import Architecture
from study.training.blocks import in_blocks, rows
from study.training.convergence import Convergence, convergence
from study.training.prior import LearnedPrior, learned_prior

Labels = Shaped[np.ndarray, " n"] | Sequence[str] | None  # numbers of classes, or names


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class TrainedModel(Brief):
    """One trained cell.

    Attributes:
        architecture: of the model.
        parameters: pytree of arrays.
        alpha, beta, seed: the cell.
        losses: epoch × (train, validation) × (recon, rate), means over examples, for the epochs that
            were run.
        class_names: names of the classes 0..C-1 where these are not the numbers; labels may then be names too.
        decay: epochs over which the step size was to fall to zero, along half a cosine; 0 if it was constant.
    """

    architecture: Architecture
    parameters: Any
    alpha: float
    beta: float
    seed: int
    losses: Float[np.ndarray, "epochs 2 2"]
    decay: int = 0
    class_names: tuple[str, ...] = ()

    def _facts(self) -> Mapping[str, Any]:
        config = self.architecture.config
        facts = {
            "family": config.family,
            "network": config.network,
            "latent_dim": config.latent_dim,
            "data": Text(f"[{self.architecture.size}] {self.likelihood}"),
            "alpha": float(self.alpha),
            "beta": float(self.beta),
            "seed": self.seed,
            "parameters": sum(np.size(leaf) for leaf in jax.tree.leaves(self.parameters)),
            "epochs": len(self.losses),
        }
        if not self.encodes:
            return facts
        recon, rate = (float(one) for one in self.losses[-1, 1])
        return {**facts, "validation_recon": recon, "validation_rate": rate}

    def encode(
        self, x: Float[np.ndarray, "N D"], labels: Labels = None
    ) -> tuple[Float32[np.ndarray, "N d"], Float32[np.ndarray, "N d"]]:
        """Mean and log-variance of q(z|x); conditional families need labels.

        Raises:
            CannotFit: there is no encoder.
            StudyError: x is not `[N, D]`, or labels are missing or invalid for this model.
        """
        if not self.encodes:
            raise CannotFit(
                f"model: family {self.architecture.config.family!r} has no encoder; draw from its prior alone"
            )
        x = rows(x, self.architecture.size, "x")
        function = functools.partial(_encode, self.architecture, self.parameters)
        mean, log_var = in_blocks(function, x, self._labels(labels, len(x)))
        return mean, log_var

    def decode(self, z: Float[np.ndarray, "n d"], labels: Labels = None) -> Float32[np.ndarray, "n D"]:
        """The decoder's mean; conditional families need labels.

        Raises:
            StudyError: z is not `[n, d]`, or labels are missing or invalid for this model.
        """
        z = rows(z, self.architecture.config.latent_dim, "z")
        function = functools.partial(_decode, self.architecture, self.parameters)
        return in_blocks(function, z, self._labels(labels, len(z)))

    def sample(
        self, key: Key, z: Float[np.ndarray, "n d"], *, labels: Labels = None
    ) -> Float32[np.ndarray, "n D"]:
        """x ~ p(x|z), whose mean `decode` gives, independent over data dimensions.

        p(x|z) is Gaussian with variance `noise_variance`, or Bernoulli.

        Raises:
            StudyError: as `decode`.
        """
        key = as_key(key)
        mean = self.decode(z, labels)
        if self.architecture.likelihood == "bernoulli":
            return np.asarray(jax.random.bernoulli(key, mean), np.float32)
        scale = np.sqrt(np.float32(self.noise_variance))
        return mean + scale * np.asarray(jax.random.normal(key, mean.shape))

    @property
    def conditional(self) -> bool:
        """Whether `encode` and `decode` need labels."""
        return self.architecture.conditional

    @property
    def likelihood(self) -> Likelihood:
        """Of the decoder."""
        return self.architecture.likelihood

    @property
    def encodes(self) -> bool:
        """Whether there is an encoder."""
        return self.architecture.encodes

    @property
    def noise_variance(self) -> float:
        """Variance of p(x|z) around the decoder's mean, for a Gaussian decoder: β/(2α), or learned by the family."""
        return float(_noise_variance(self.architecture, self.parameters, self.alpha, self.beta))

    @property
    def prior(self) -> LearnedPrior | None:
        """The prior that was learned with the model; None means N(0, I)."""
        return learned_prior(self.architecture, self.parameters)

    @property
    def convergence(self) -> Convergence:
        """By how much the validation loss fell over the last tenth of training; of no meaning without an encoder."""
        alpha = self.alpha
        if self.architecture.config.family == "sigma-vae":
            alpha /= 2 * self.noise_variance
        return convergence(self.losses, alpha=alpha, beta=self.beta, decay=self.decay)

    @property
    def finite(self) -> bool:
        """Whether all parameters, and D and R of all epochs, are finite numbers."""
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(self.parameters)]
        losses = [self.losses] if self.encodes else []  # without an encoder there is neither D nor R
        return all(bool(np.isfinite(leaf).all()) for leaf in [*leaves, *losses])

    def _labels(self, labels: Labels, n: int) -> Int32[np.ndarray, " {n}"] | None:
        """Labels as int32, or None if the family does not see them."""
        if not self.conditional:
            return None
        family, classes = self.architecture.config.family, self.architecture.classes
        if labels is None:
            raise StudyError(f"model: family {family!r} needs labels; give one per row")
        if self.class_names and are_names(labels):
            labels = class_numbers(labels, self.class_names, what="model: labels")
        labels = numbers(labels, name="model: labels", dtype=None)
        if labels.dtype.kind == "f":
            raise StudyError(f"model: labels must be whole numbers, got {labels.dtype}")
        if labels.shape != (n,) or (n and not (labels.min() >= 0 and labels.max() < classes)):
            raise StudyError(
                f"model: labels must be [{n}] in 0 .. {classes - 1}, got {list(labels.shape)}"
                + (f" from {labels.min()} to {labels.max()}" if labels.size else "")
            )
        return labels.astype(np.int32)


@functools.partial(jax.jit, static_argnums=0)
def _encode(
    architecture: Architecture,
    parameters: Any,
    x: Float[Array, "B D"],
    labels: Int[Array, " B"] | None = None,
) -> tuple[Float[Array, "B d"], ...]:
    return architecture.merge(parameters).encode(x, labels)


@functools.partial(jax.jit, static_argnums=0)
def _decode(
    architecture: Architecture,
    parameters: Any,
    z: Float[Array, "B d"],
    labels: Int[Array, " B"] | None = None,
) -> Float[Array, "B D"]:
    return architecture.merge(parameters).decode(z, labels)


@functools.partial(jax.jit, static_argnums=0)
def _noise_variance(
    architecture: Architecture, parameters: Any, alpha: ScalarLike, beta: ScalarLike
) -> Scalar:
    return architecture.merge(parameters).noise_variance(*map(jnp.float32, (alpha, beta)))
