"""Gated recurrent units :cite:`cho2014` over the steps of a window.

The posterior is computed from the encoder's last state. In the decoder, z sets the first state of each layer and is the
input at every step. Outputs are not fed back, so that all of x is a function of z and the mean takes one pass.
"""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from study.models.networks.windows import steps, window_shape


class GRU(nnx.Module):
    """One layer: r, u = σ(W x + V h + b), c = tanh(W x + r V h + b), h' = (1 − u) c + u h."""

    def __init__(self, inputs: int, width: int, *, rngs: nnx.Rngs):
        self.width = width
        self.from_input = nnx.Linear(inputs, 3 * width, rngs=rngs)
        turns = [nnx.initializers.orthogonal()(rngs.params(), (width, width)) for _ in range(3)]
        self.from_state = nnx.Param(jnp.concatenate(turns, axis=1))

    def __call__(self, x: Float[Array, "B T I"], first: Float[Array, "B H"]) -> Float[Array, "B T H"]:
        """The states after each step, from the inputs x and a first state."""
        kernel, width = self.from_state[...], self.width

        def step(state: jax.Array, driven: jax.Array) -> tuple[jax.Array, jax.Array]:
            recurrent = state @ kernel
            gates = jax.nn.sigmoid(driven[:, : 2 * width] + recurrent[:, : 2 * width])
            reset, update = jnp.split(gates, 2, axis=-1)
            candidate = jnp.tanh(driven[:, 2 * width :] + reset * recurrent[:, 2 * width :])
            state = (1 - update) * candidate + update * state
            return state, state

        driven = jnp.swapaxes(self.from_input(x), 0, 1)  # one matrix product for all steps
        _, states = jax.lax.scan(step, first, driven)
        return jnp.swapaxes(states, 0, 1)


class GRUEncoder(nnx.Module):
    """GRU layers of the hidden widths; the last state of the last layer is mapped to mean and log-variance."""

    def __init__(
        self, shape: tuple[int, ...], hidden: Sequence[int], latent_dim: int, *, context: int, rngs: nnx.Rngs
    ):
        self.shape = window_shape(shape, "gru")
        widths = [self.shape[1] + context, *hidden]
        self.layers = nnx.List([GRU(a, b, rngs=rngs) for a, b in itertools.pairwise(widths)])
        self.head = nnx.Linear(widths[-1], 2 * latent_dim, rngs=rngs)

    def __call__(self, x: Float[Array, "B inputs"]) -> tuple[Float[Array, "B d"], Float[Array, "B d"]]:
        """x of T·F data dimensions and c columns of context -> mean and log-variance."""
        h = steps(x, self.shape)
        for layer in self.layers:
            h = layer(h, jnp.zeros((len(x), layer.width)))
        mean, log_var = jnp.split(self.head(h[:, -1]), 2, axis=-1)
        return mean, log_var


class GRUDecoder(nnx.Module):
    """GRU layers of the hidden widths in reverse order, and an affine map at each step."""

    def __init__(self, shape: tuple[int, ...], hidden: Sequence[int], inputs: int, *, rngs: nnx.Rngs):
        self.shape = window_shape(shape, "gru")
        widths = [inputs, *reversed(hidden)]
        self.first = nnx.List([nnx.Linear(inputs, width, rngs=rngs) for width in widths[1:]])
        self.layers = nnx.List([GRU(a, b, rngs=rngs) for a, b in itertools.pairwise(widths)])
        self.head = nnx.Linear(widths[-1], self.shape[1], rngs=rngs)

    def __call__(self, z: Float[Array, "B inputs"]) -> Float[Array, "B D"]:
        """z of d dimensions and c columns of context -> decoder output, D = T·F."""
        h = jnp.broadcast_to(z[:, None], (len(z), self.shape[0], z.shape[1]))
        for first, layer in zip(self.first, self.layers, strict=True):
            h = layer(h, jnp.tanh(first(z)))
        return self.head(h).reshape(len(z), -1)
