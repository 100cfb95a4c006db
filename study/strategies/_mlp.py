"""A multi-layer perceptron as plain arrays: `{"weight0": [i, o], "bias0": [o], ...}`, SiLU between its layers."""

import itertools
from collections.abc import Sequence

import jax
import jax.numpy as jnp

Layers = dict[str, jax.Array]


def initialise_mlp(key: jax.Array, sizes: Sequence[int], *, last: float = 1.0) -> Layers:
    """Weights of variance 1/inputs and no biases; `last` scales the last layer, 0 makes the output zero."""
    keys = jax.random.split(key, len(sizes) - 1)
    layers = {}
    for i, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        factor = (last if i == len(sizes) - 2 else 1.0) / inputs**0.5
        layers[f"weight{i}"] = factor * jax.random.normal(keys[i], (inputs, outputs))
        layers[f"bias{i}"] = jnp.zeros(outputs)
    return layers


def apply_mlp(layers: Layers, x: jax.Array) -> jax.Array:
    """x `[n, sizes[0]]` -> `[n, sizes[-1]]`."""
    depth = len(layers) // 2
    for i in range(depth):
        x = x @ layers[f"weight{i}"] + layers[f"bias{i}"][None, :]
        x = jax.nn.silu(x) if i < depth - 1 else x
    return x
