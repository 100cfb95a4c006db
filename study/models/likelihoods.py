"""Reconstruction terms D(x, decoder output) and log p(x|z): one value per example, summed over data dimensions."""

import math
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

Likelihood = Literal["gaussian", "bernoulli"]


def reconstruction(
    likelihood: Likelihood, output: Float[Array, "B D"], x: Float[Array, "B D"]
) -> Float[Array, " B"]:
    """D for decoder outputs and data.

    Gaussian: the sum of squared errors, without ½, so that α·D + β·R corresponds to a Gaussian decoder with noise
    variance s = β/(2α). Bernoulli: binary cross-entropy in nats, of logits and data in [0, 1].
    """
    if likelihood == "gaussian":
        return jnp.square(output - x).sum(-1)
    import optax  # imported late: reports use the formulas of this file without an optimiser

    return optax.sigmoid_binary_cross_entropy(output, x).sum(-1)


def log_likelihood(
    likelihood: Likelihood,
    output: Float[Array | np.ndarray, "*B D"],
    x: Float[Array | np.ndarray, "*B D"],
    variance: ArrayLike = 1.0,
) -> Float[Array, "*B"]:
    """log p(x|z) in nats for decoder outputs and data of one shape, with all constants.

    Gaussian: the density N(output, variance · I). Bernoulli: outputs are logits and `variance` is ignored; for x in
    {0, 1} the result is a log-probability, for x between it is minus the cross-entropy, which is not a normalised
    log-density over [0, 1].
    """
    if likelihood == "gaussian":
        squared = jnp.square(output - x) / variance
        return -0.5 * (squared + jnp.log(2 * math.pi * jnp.asarray(variance))).sum(-1)
    return (x * output - jax.nn.softplus(output)).sum(-1)


def decoder_mean(likelihood: Likelihood, output: Float[Array, "*B D"]) -> Float[Array, "*B D"]:
    """E[x|z] from decoder outputs."""
    return output if likelihood == "gaussian" else jax.nn.sigmoid(output)


def decoder_output(
    likelihood: Likelihood, mean: Float[Array, "*B D"], *, edge: float
) -> Float[Array, "*B D"]:
    """The decoder outputs that give this mean; a Bernoulli mean is kept `edge` away from 0 and 1."""
    if likelihood == "gaussian":
        return mean
    mean = jnp.clip(mean, edge, 1 - edge)
    return jnp.log(mean) - jnp.log1p(-mean)


def gaussian_kl(mean: Float[ArrayLike, "*B"], log_var: Float[ArrayLike, "*B"]) -> Float[Array, "*B"]:
    """KL(N(mean, exp log_var) ‖ N(0, 1)) per dimension, in nats, elementwise :cite:`kingma2014`."""
    log_var = jnp.asarray(log_var)
    return 0.5 * (jnp.square(jnp.asarray(mean)) + jnp.expm1(log_var) - log_var)


def noise_variance(alpha: float, beta: float) -> float:
    """s = β/(2α), the decoder variance that α·SSE + β·KL implies; infinite if α is 0."""
    return beta / (2 * alpha) if alpha else float("inf")
