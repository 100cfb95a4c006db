"""Networks of affine maps: encoders `[B, D] -> ([B, d], [B, d])` and decoders `[B, d] -> [B, D]`."""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float


class LinearEncoder(nnx.Module):
    """Mean affine in x, log-variance a free vector: the encoder of the linear VAE :cite:`lucas2019`.

    This loses nothing, since at the optimum of a linear VAE the posterior variance is the same for every x.
    """

    def __init__(self, size: int, latent_dim: int, *, rngs: nnx.Rngs):
        self.mean = nnx.Linear(size, latent_dim, rngs=rngs)
        self.log_var = nnx.Param(jnp.zeros((latent_dim,)))

    def __call__(self, x: Float[Array, "B D"]) -> tuple[Float[Array, "B d"], Float[Array, "B d"]]:
        """Mean and log-variance."""
        mean = self.mean(x)
        return mean, jnp.broadcast_to(self.log_var[...], mean.shape)


ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh}


class MLP(nnx.Module):
    """Affine maps with a nonlinearity between them."""

    def __init__(self, widths: Sequence[int], *, activation: str = "relu", rngs: nnx.Rngs):
        self.activation = activation
        self.layers = nnx.List([nnx.Linear(a, b, rngs=rngs) for a, b in itertools.pairwise(widths)])

    def __call__(self, x: Float[Array, "B first"]) -> Float[Array, "B last"]:
        """From as many columns as the first width to as many as the last."""
        for layer in self.layers[:-1]:
            x = ACTIVATIONS[self.activation](layer(x))
        return self.layers[-1](x)


class MLPEncoder(nnx.Module):
    """One MLP whose last layer outputs the mean and the log-variance."""

    def __init__(
        self,
        size: int,
        hidden: Sequence[int],
        latent_dim: int,
        *,
        activation: str = "relu",
        rngs: nnx.Rngs,
    ):
        self.body = MLP([size, *hidden, 2 * latent_dim], activation=activation, rngs=rngs)

    def __call__(self, x: Float[Array, "B D"]) -> tuple[Float[Array, "B d"], Float[Array, "B d"]]:
        """Mean and log-variance."""
        mean, log_var = jnp.split(self.body(x), 2, axis=-1)
        return mean, log_var
