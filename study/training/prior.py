"""The learned prior of a trained model, with NumPy arrays as inputs and outputs."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, Float32, Float64

from study.models.priors.base import Mixture, Prior
from study.runtime.brief import Brief
from study.runtime.checks import whole_number
from study.runtime.keys import Key, as_key
from study.training.architecture import Architecture
from study.training.blocks import in_blocks, rows


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class LearnedPrior(Brief):
    """p(z) of one trained model.

    Attributes:
        architecture: of the model.
        leaves: the model's parameters, as leaves of their tree.
        info: the family and its settings; for `lars-prior` also the final `normaliser` and `normaliser_stderr`.
    """

    architecture: Architecture
    leaves: tuple[Any, ...]
    info: Mapping[str, Any]

    def check(self) -> None:
        """Check that the leaves fit the architecture, and that it learns a prior.

        Raises:
            ValueError: they do not fit, or it learns none.
        """
        self.architecture.check_parameters(self.leaves)
        if not self.architecture.config.prior_settings:
            raise ValueError("the architecture learns no prior")

    @property
    def d(self) -> int:
        """Latent dimensions."""
        return self.architecture.config.latent_dim

    def log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log p(z) in nats, computed in float32.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        density = functools.partial(_log_prob, self.architecture, self.leaves)
        return in_blocks(density, rows(z, self.d, "z")).astype(np.float64)

    def sample(self, key: Key, *, n: int) -> Float32[np.ndarray, "{n} {self.d}"]:
        """n independent draws.

        Raises:
            StudyError: n is negative or not a whole number, or the key is wrong.
        """
        key, n = as_key(key), whole_number(n, name="n")
        return np.asarray(_sample(self.architecture, self.leaves, key, n))


class LearnedMixture(LearnedPrior):
    """A prior whose marginals are tractable."""

    def marginal_log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, "n d"]:
        """log p(zⱼ) in nats of each dimension on its own.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        density = functools.partial(_marginal_log_prob, self.architecture, self.leaves)
        return in_blocks(density, rows(z, self.d, "z")).astype(np.float64)


def learned_prior(architecture: Architecture, parameters: Any) -> LearnedPrior | None:
    """The prior that was learned with a model of these parameters; None if it is N(0, I)."""
    config = architecture.config
    if not config.prior_settings:
        return None
    leaves = tuple(jax.tree.leaves(parameters))
    prior = _merged(architecture, leaves)
    info = {"family": config.family, **config.prior_settings, **prior.diagnostics}
    kind = LearnedMixture if isinstance(prior, Mixture) else LearnedPrior
    return kind(architecture, leaves, info)


def _merged(architecture: Architecture, leaves: tuple[Any, ...]) -> Prior:
    structure = jax.tree.structure(architecture.abstract)
    prior = architecture.merge(jax.tree.unflatten(structure, leaves)).prior
    assert prior is not None
    return prior


@functools.partial(jax.jit, static_argnums=0)
def _log_prob(
    architecture: Architecture, leaves: tuple[Any, ...], z: Float[Array, "B d"]
) -> Float[Array, " B"]:
    return _merged(architecture, leaves).log_prob(z)


@functools.partial(jax.jit, static_argnums=0)
def _marginal_log_prob(
    architecture: Architecture, leaves: tuple[Any, ...], z: Float[Array, "B d"]
) -> Float[Array, "B d"]:
    prior = _merged(architecture, leaves)
    assert isinstance(prior, Mixture)
    return prior.marginal_log_prob(z)


@functools.partial(jax.jit, static_argnums=(0, 3))
def _sample(
    architecture: Architecture, leaves: tuple[Any, ...], key: jax.Array, n: int
) -> Float[Array, "{n} d"]:
    return _merged(architecture, leaves).sample(key, n=n)
