"""Code that the networks for windows `[T, F]` share."""

from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Float

from study.errors import StudyError


def window_shape(shape: tuple[int, ...], network: Literal["gru", "tcn"]) -> tuple[int, int]:
    """`(T, F)`.

    Raises:
        StudyError: an example is not `[T, F]`.
    """
    if len(shape) != 2:
        raise StudyError(
            f"network {network!r}: needs windows [T, F], got examples of shape {list(shape)}; choose network 'mlp'"
        )
    return shape[0], shape[1]


def steps(x: Float[Array, "B inputs"], shape: tuple[int, int]) -> Float[Array, "B T steps"]:
    """Flattened windows with context, T·F + c columns, as T steps of F + c columns, the context repeated at each."""
    size = shape[0] * shape[1]
    windows, context = x[:, :size].reshape(-1, *shape), x[:, None, size:]
    return jnp.concatenate(
        [windows, jnp.broadcast_to(context, (len(x), shape[0], context.shape[-1]))], axis=-1
    )
