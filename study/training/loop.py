"""One step of Adam, shared by everything that is trained by gradients; each caller scans it over its own batches."""

from collections.abc import Callable
from typing import Any

import jax
import optax


def adam(*, momentum: float = 0.9, clip: float | None = None) -> optax.GradientTransformation:
    """Adam's directions :cite:`kingma2015`, without a step size; `clip` bounds the norm of the whole gradient."""
    directions = optax.scale_by_adam(b1=momentum)
    return directions if clip is None else optax.chain(optax.clip_by_global_norm(clip), directions)


def begin(adam: optax.GradientTransformation, parameters: Any) -> tuple[Any, Any]:
    """Parameters and moments before the first step."""
    return parameters, adam.init(parameters)


def descend(
    adam: optax.GradientTransformation,
    state: tuple[Any, Any],
    size: Any,
    loss: Callable[[Any], Any],
    *,
    has_aux: bool = False,
) -> tuple[tuple[Any, Any], Any]:
    """One step of the given size along Adam's direction for a loss of the parameters; traceable.

    Returns:
        parameters and moments after the step, and the loss before it; with `has_aux`, the auxiliary output of the loss
        instead of its value.
    """
    parameters, moments = state
    value, gradients = jax.value_and_grad(loss, has_aux=has_aux)(parameters)
    with jax.numpy_dtype_promotion("standard"):  # optax raises a float to an integer power
        updates, moments = adam.update(gradients, moments, parameters)
    parameters = jax.tree.map(lambda p, u: p - size * u, parameters, updates)
    return (parameters, moments), value[1] if has_aux else value
