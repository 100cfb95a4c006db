"""log p(x, z) and log q(z|x) of a trained model as pure functions of its parameters, from which bounds are computed."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from study.errors import CannotFit
from study.models.likelihoods import log_likelihood
from study.models.normal import log_normal, log_standard_normal
from study.training.architecture import Architecture
from study.training.model import TrainedModel


class JointDensity(NamedTuple):
    """The densities of one model; its parameters and the decoder's noise variance s may be traced by JAX."""

    architecture: Architecture
    parameters: Any
    variance: Any

    def log_joint(self, x: Float[Array, "#B D"], z: Float[Array, "B d"]) -> Float[Array, " B"]:
        """log p(x|z) + log p(z) in nats; x may be one for all z."""
        model = self.architecture.merge(self.parameters)
        output = model.output(z)
        x = jnp.broadcast_to(x, output.shape)
        return log_likelihood(self.architecture.likelihood, output, x, self.variance) + self.log_prior(z)

    def log_prior(self, z: Float[Array, "B d"]) -> Float[Array, " B"]:
        """log p(z) in nats."""
        prior = self.architecture.merge(self.parameters).prior
        return log_standard_normal(z) if prior is None else prior.log_prob(z)

    def draw_prior(self, key: jax.Array, n: int) -> Float[Array, " {n} d"]:
        """z ~ p(z)."""
        prior = self.architecture.merge(self.parameters).prior
        shape = n, self.architecture.config.latent_dim
        return jax.random.normal(key, shape) if prior is None else prior.sample(key, n=n)

    def encode(self, x: Float[Array, "B D"]) -> tuple[Float[Array, "B d"], Float[Array, "B d"]]:
        """Mean and log-variance of q(z|x)."""
        return self.architecture.merge(self.parameters).encode(x)


def log_posterior(
    z: Float[Array, "B d"], mean: Float[Array, "#B d"], log_var: Float[Array, "#B d"]
) -> Float[Array, " B"]:
    """log q(z|x) in nats; the moments may be one for all z."""
    return log_normal(z, mean, log_var).sum(-1)


def density(model: TrainedModel) -> JointDensity:
    """The densities of a trained model. A Gaussian decoder has noise variance s = β/(2α), unless its family learns it.

    Raises:
        CannotFit: the model is conditional or has no encoder, or its decoder is Gaussian and α or β is 0, so that it
            has no noise variance.
    """
    if not model.encodes:
        raise CannotFit(
            f"likelihood: family {model.architecture.config.family!r} has no encoder to propose z from; "
            "choose one that has an encoder"
        )
    if model.conditional:
        raise CannotFit(
            "likelihood: log p(x) of a conditional model is a sum over labels, which is not implemented; "
            "choose a family without labels"
        )
    variance = 1.0
    if model.architecture.likelihood == "gaussian":
        variance = model.noise_variance if model.alpha > 0 else float("inf")
        if not 0 < variance < float("inf"):
            raise CannotFit(
                f"likelihood: with alpha={model.alpha:g} and beta={model.beta:g} a Gaussian decoder has noise variance "
                f"{variance:g}, so it has no density; train with both weights positive"
            )
    return JointDensity(model.architecture, model.parameters, jnp.float32(variance))
