"""Encoders `[B, D + c] -> ([B, d], [B, d])` and decoders `[B, d + c] -> [B, D]`; c columns of context, mostly none.

A conditional family appends its context, the labels one-hot, to what either network gets; networks that are not flat
take it off again.
"""

import itertools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from study.config import VAEConfig
from study.models.conv import ConvDecoder, ConvEncoder


class LinearEncoder(nnx.Module):
    """Mean affine in x, log-variance a free vector: the encoder of the linear VAE :cite:`lucas2019`.

    At the optimum of a linear VAE the posterior variance is the same for every x, so nothing is lost.
    """

    def __init__(self, size: int, latent_dim: int, *, rngs: nnx.Rngs):
        self.mean = nnx.Linear(size, latent_dim, rngs=rngs)
        self.log_var = nnx.Param(jnp.zeros((latent_dim,)))

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """`[B, D]` -> mean `[B, d]`, log-variance `[B, d]`."""
        mean = self.mean(x)
        return mean, jnp.broadcast_to(self.log_var[...], mean.shape)


class MLP(nnx.Module):
    """Affine maps with ReLU between them."""

    def __init__(self, widths: Sequence[int], *, rngs: nnx.Rngs):
        self.layers = nnx.List([nnx.Linear(a, b, rngs=rngs) for a, b in itertools.pairwise(widths)])

    def __call__(self, x: jax.Array) -> jax.Array:
        """`[B, widths[0]]` -> `[B, widths[-1]]`."""
        for layer in self.layers[:-1]:
            x = jax.nn.relu(layer(x))
        return self.layers[-1](x)


class MLPEncoder(nnx.Module):
    """One MLP whose last layer holds the mean and the log-variance."""

    def __init__(self, size: int, hidden: Sequence[int], latent_dim: int, *, rngs: nnx.Rngs):
        self.body = MLP([size, *hidden, 2 * latent_dim], rngs=rngs)

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """`[B, D]` -> mean `[B, d]`, log-variance `[B, d]`."""
        mean, log_var = jnp.split(self.body(x), 2, axis=-1)
        return mean, log_var


def build_networks(
    config: VAEConfig, size: int, *, shape: tuple[int, ...] = (), context: int = 0, rngs: nnx.Rngs
) -> tuple[Any, Any]:
    """Encoder and decoder of the network that a configuration names.

    Args:
        config: network, latent_dim and widths.
        size: data dimensions D.
        shape: of one example, for networks that are not flat.
        context: columns that are appended to the inputs of both.
        rngs: the stream `params` is drawn from; the encoder takes from it first.

    Raises:
        StudyError: the network is not for examples of this shape.
    """
    d = config.latent_dim
    if config.network == "linear":
        return LinearEncoder(size + context, d, rngs=rngs), nnx.Linear(d + context, size, rngs=rngs)
    if config.network == "conv":
        coder = ConvEncoder(shape, config.channels, d, context=context, rngs=rngs)
        return coder, ConvDecoder(shape, config.channels, d + context, rngs=rngs)
    encoder = MLPEncoder(size + context, config.hidden, d, rngs=rngs)
    return encoder, MLP([d + context, *reversed(config.hidden), size], rngs=rngs)
