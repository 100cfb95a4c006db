"""IWAE: a bound on log p(x) from K draws of z, tighter than the ELBO and less strict about the encoder.

    loss = −β·log 1/K Σₖ exp(−(α·Dₖ + β·Rₖ)/β),   zₖ ~ q(z|x),   Rₖ = log q(zₖ|x) − log p(zₖ)

Source: :cite:`burda2016`, section 3, the bound L_K and its gradient by reparametrised draws; K is `samples`.

α weighs D and β weighs R, as in the VAE: with K = 1 the expectation of the loss is α·D + β·R, and at α = β = 1 with the
Bernoulli likelihood the loss is the paper's. In units of β the weight of D is α/β, so that a Gaussian decoder has the
variance s = β/(2α). For β → 0 the loss tends to α·minₖ Dₖ; β below `LEAST`, as at the start of a warm-up, is replaced
by `LEAST`. The mean of D over the draws, and R in closed form, are reported; the loss is not α·D + β·R of these.
"""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar

from study.models.base import Examples, Labels, Loss, Model
from study.models.likelihoods import gaussian_kl

LEAST = 1e-6


class IWAE(Model):
    """A VAE with K draws of z per example in its loss."""

    summary = "importance-weighted bound with K draws of z"
    source = "Burda et al. 2016"
    blockwise = True

    def loss(self, key: jax.Array, x: Examples, labels: Labels, alpha: Scalar, beta: Scalar) -> Loss:
        """The weighted bound, mean over x."""
        mean, log_var = self.encode(x, labels)
        epsilon = jax.random.normal(key, (self.objective.samples, *mean.shape))
        z = mean[None] + jnp.exp(0.5 * log_var)[None] * epsilon
        recon = jax.vmap(lambda draw: self.distortion(x, draw, labels))(z)
        ratio = 0.5 * (jnp.square(z) - jnp.square(epsilon) - log_var[None]).sum(-1)
        return Loss(
            importance_weighted(recon, ratio, alpha, beta).mean(),
            recon.mean(0),
            gaussian_kl(mean, log_var).sum(-1),
        )


def importance_weighted(
    recon: Float[Array, "K B"], ratio: Float[Array, "K B"], alpha: Scalar, beta: Scalar
) -> Float[Array, " B"]:
    """−β·log 1/K Σₖ exp(−(α·Dₖ + β·Rₖ)/β) of D and R."""
    beta = jnp.maximum(beta, LEAST)
    log_weights = -(alpha * recon / beta + ratio)
    return -beta * (jax.nn.logsumexp(log_weights, axis=0) - math.log(len(recon)))
