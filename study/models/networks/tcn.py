"""Temporal convolutional network :cite:`bai2018`: causal convolutions of growing dilation in residual blocks.

A block is two weight-normalised :cite:`salimans2016weight` convolutions of kernel size 3 with a ReLU after each, plus a
skip connection; block i has dilation 2ⁱ. As in the authors' code weights are initialised from N(0, 0.01²), so that a
block starts near the identity and deep stacks do not explode. The paper's dropout is left out, since the noise of z
regularises. The posterior is computed from the encoder's last step, so the blocks must reach back over the whole
window. The decoder starts with an affine map of z and a learned embedding of the position at every step; it is causal
too.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from study.errors import StudyError
from study.models.networks.windows import steps, window_shape

TAPS = 3


def reach(blocks: int) -> int:
    """Steps that the last output depends on: two convolutions per block, dilations 1, 2, 4, ..."""
    return 1 + 2 * (TAPS - 1) * (2**blocks - 1)


class CausalConvolution(nnx.Module):
    """y_t = b + Σₖ Wₖ x_{t − k·dilation}, zeros before the window; Wₖ = g Vₖ / ‖V‖ for each output."""

    def __init__(self, inputs: int, outputs: int, *, dilation: int, rngs: nnx.Rngs):
        self.dilation = dilation
        direction = nnx.initializers.normal(0.01)(rngs.params(), (TAPS * inputs, outputs))
        self.direction = nnx.Param(direction)
        self.norm = nnx.Param(jnp.linalg.norm(direction, axis=0))
        self.bias = nnx.Param(jnp.zeros((outputs,)))

    def __call__(self, x: Float[Array, "B T I"]) -> Float[Array, "B T O"]:
        """The taps are concatenated, so that it is one matrix product."""
        length, direction = x.shape[1], self.direction[...]
        before = (TAPS - 1) * self.dilation
        padded = jnp.pad(x, ((0, 0), (before, 0), (0, 0)))
        taps = [padded[:, before - k * self.dilation :][:, :length] for k in range(TAPS)]
        kernel = direction * (self.norm[...] / jnp.linalg.norm(direction, axis=0))[None]
        return jnp.concatenate(taps, axis=-1) @ kernel + self.bias[...][None, None]


class ResidualBlock(nnx.Module):
    """ReLU(x + F(x)); x is mapped by an affine map at each step if the widths differ."""

    def __init__(self, inputs: int, outputs: int, *, dilation: int, rngs: nnx.Rngs):
        self.first = CausalConvolution(inputs, outputs, dilation=dilation, rngs=rngs)
        self.second = CausalConvolution(outputs, outputs, dilation=dilation, rngs=rngs)
        self.beside = nnx.Linear(inputs, outputs, rngs=rngs) if inputs != outputs else None

    def __call__(self, x: Float[Array, "B T I"]) -> Float[Array, "B T O"]:
        """The outputs at every step."""
        inner = jax.nn.relu(self.second(jax.nn.relu(self.first(x))))
        return jax.nn.relu(inner + (x if self.beside is None else self.beside(x)))


def blocks(inputs: int, widths: Sequence[int], *, rngs: nnx.Rngs) -> list[ResidualBlock]:
    """Blocks of these widths with dilations 1, 2, 4, ..."""
    pairs = zip([inputs, *widths], widths, strict=False)
    return [ResidualBlock(a, b, dilation=2**i, rngs=rngs) for i, (a, b) in enumerate(pairs)]


class TCNEncoder(nnx.Module):
    """Blocks of the hidden widths; the last step is mapped to mean and log-variance."""

    def __init__(
        self, shape: tuple[int, ...], hidden: Sequence[int], latent_dim: int, *, context: int, rngs: nnx.Rngs
    ):
        self.shape = window_shape(shape, "tcn")
        if reach(len(hidden)) < self.shape[0]:
            fewest = next(n for n in range(len(hidden), 32) if reach(n) >= self.shape[0])
            raise StudyError(
                f"network 'tcn': {len(hidden)} blocks see {reach(len(hidden))} steps, windows have {self.shape[0]}; "
                f"give at least {fewest} hidden widths"
            )
        self.blocks = nnx.List(blocks(self.shape[1] + context, hidden, rngs=rngs))
        self.head = nnx.Linear(hidden[-1], 2 * latent_dim, rngs=rngs)

    def __call__(self, x: Float[Array, "B inputs"]) -> tuple[Float[Array, "B d"], Float[Array, "B d"]]:
        """x of T·F data dimensions and c columns of context -> mean and log-variance."""
        h = steps(x, self.shape)
        for block in self.blocks:
            h = block(h)
        mean, log_var = jnp.split(self.head(h[:, -1]), 2, axis=-1)
        return mean, log_var


class TCNDecoder(nnx.Module):
    """z and a position at every step, blocks of the hidden widths in reverse order, and an affine map at each step."""

    def __init__(self, shape: tuple[int, ...], hidden: Sequence[int], inputs: int, *, rngs: nnx.Rngs):
        self.shape = window_shape(shape, "tcn")
        widths = list(reversed(hidden))
        self.entry = nnx.Linear(inputs, widths[0], rngs=rngs)
        self.position = nnx.Param(nnx.initializers.normal(1.0)(rngs.params(), (self.shape[0], widths[0])))
        self.blocks = nnx.List(blocks(widths[0], widths, rngs=rngs))
        self.head = nnx.Linear(widths[-1], self.shape[1], rngs=rngs)

    def __call__(self, z: Float[Array, "B inputs"]) -> Float[Array, "B D"]:
        """z of d dimensions and c columns of context -> decoder output, D = T·F."""
        h = jax.nn.relu(self.entry(z)[:, None] + self.position[...][None])
        for block in self.blocks:
            h = block(h)
        return self.head(h).reshape(len(z), -1)
