"""Log-densities of Gaussians with independent dimensions, in nats, for compiled programs."""

import math

import jax.numpy as jnp
from jaxtyping import Array, Float

LOG_2PI = math.log(2 * math.pi)


def log_normal(
    z: Float[Array, "..."], mean: Float[Array, "..."], log_var: Float[Array, "..."]
) -> Float[Array, "..."]:
    """log N(z; mean, exp log_var) elementwise, for arrays of equal rank."""
    return -0.5 * (jnp.square(z - mean) * jnp.exp(-log_var) + log_var + LOG_2PI)


def log_standard_normal(z: Float[Array, "B d"]) -> Float[Array, " B"]:
    """log N(z; 0, I)."""
    return -0.5 * (jnp.square(z) + LOG_2PI).sum(-1)
