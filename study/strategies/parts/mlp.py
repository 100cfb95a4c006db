"""A multi-layer perceptron as plain arrays: `{"weight0": [i, o], "bias0": [o], ...}`, SiLU between its layers."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

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


def check_mlp(layers: Mapping[str, Any], *, inputs: int, outputs: int) -> None:
    """Check that the layers are finite and connect, from `inputs` to `outputs`.

    Raises:
        ValueError: they do not.
    """
    depth, width = len(layers) // 2, inputs
    if not depth or set(layers) != {f"{part}{i}" for part in ("weight", "bias") for i in range(depth)}:
        raise ValueError("the network has other layers")
    for i in range(depth):
        weight, bias = layers[f"weight{i}"], layers[f"bias{i}"]
        if weight.ndim != 2 or weight.shape[0] != width or bias.shape != weight.shape[1:]:
            raise ValueError(f"layer {i} of the network does not fit the one before")
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise ValueError(f"layer {i} of the network holds values that are not finite")
        width = weight.shape[1]
    if width != outputs:
        raise ValueError(f"the network has {width} outputs, not {outputs}")


def apply_mlp(layers: Layers, x: Float[Array, "n inputs"]) -> Float[Array, "n outputs"]:
    """The outputs of the last layer."""
    depth = len(layers) // 2
    for i in range(depth):
        x = x @ layers[f"weight{i}"] + layers[f"bias{i}"][None, :]
        x = jax.nn.silu(x) if i < depth - 1 else x
    return x
