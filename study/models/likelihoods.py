"""Reconstruction terms D(x, decoder output), one value per example, summed over data dimensions."""

from typing import Literal

import jax
import jax.numpy as jnp
import optax
from jax.typing import ArrayLike

Likelihood = Literal["gaussian", "bernoulli"]


def reconstruction(likelihood: Likelihood, output: jax.Array, x: jax.Array) -> jax.Array:
    """D for decoder outputs and data `[B, D]`: `[B]`.

    Gaussian: the sum of squared errors, without ½, so that α·D + β·R is a Gaussian decoder whose noise variance
    is s = β/(2α). Bernoulli: binary cross-entropy in nats, outputs being logits and data lying in [0, 1].
    """
    if likelihood == "gaussian":
        return jnp.square(output - x).sum(-1)
    return optax.sigmoid_binary_cross_entropy(output, x).sum(-1)


def decoder_mean(likelihood: Likelihood, output: jax.Array) -> jax.Array:
    """E[x|z] from decoder outputs `[B, D]`."""
    return output if likelihood == "gaussian" else jax.nn.sigmoid(output)


def gaussian_kl(mean: ArrayLike, log_var: ArrayLike) -> jax.Array:
    """KL(N(mean, exp log_var) ‖ N(0, 1)) per dimension, in nats, elementwise :cite:`kingma2014`."""
    log_var = jnp.asarray(log_var)
    return 0.5 * (jnp.square(jnp.asarray(mean)) + jnp.expm1(log_var) - log_var)


def noise_variance(alpha: float, beta: float) -> float:
    """s = β/(2α), the decoder variance that α·SSE + β·KL implies; infinite where α is 0."""
    return beta / (2 * alpha) if alpha else float("inf")
