"""Log-densities of Gaussians with independent dimensions, in nats, for compiled programs."""

import math

import jax
import jax.numpy as jnp

LOG_2PI = math.log(2 * math.pi)


def log_normal(z: jax.Array, mean: jax.Array, log_var: jax.Array) -> jax.Array:
    """log N(z; mean, exp log_var) elementwise, for arrays of equal rank."""
    return -0.5 * (jnp.square(z - mean) * jnp.exp(-log_var) + log_var + LOG_2PI)


def log_standard_normal(z: jax.Array) -> jax.Array:
    """log N(z; 0, I): `[B, d]` -> `[B]`."""
    return -0.5 * (jnp.square(z) + LOG_2PI).sum(-1)
