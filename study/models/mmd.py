"""Maximum mean discrepancy between codes and draws from the prior, differentiable, for use in losses.

k(x, y) = Σ_c C/(C + ‖x − y‖²) with C = 2d·c over several scales c: 2d is E‖x − y‖² of two draws from N(0, I).

Source: :cite:`gretton2012`, lemma 6, the unbiased estimate; the kernel is that of :cite:`tolstikhin2018`, section 4.
"""

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar


def mmd(x: Float[Array, "n d"], y: Float[Array, "n d"], scales: Sequence[float]) -> Scalar:
    """The unbiased estimate of MMD² from x and y, n ≥ 2 each; it can be negative."""
    n = len(x)
    within = sum(kernel(a, a, scales).sum() - n * len(scales) for a in (x, y))  # k(a, a) is 1 at every scale
    return within / (n * (n - 1)) - 2 * kernel(x, y, scales).mean()


def kernel(x: Float[Array, "n d"], y: Float[Array, "m d"], scales: Sequence[float]) -> Float[Array, "n m"]:
    """k of all pairs of x and y, summed over the scales."""
    return inverse_multiquadric(jnp.square(x[:, None, :] - y[None]).sum(-1), x.shape[1], scales)


def inverse_multiquadric(squared: Any, d: int, scales: Sequence[float]) -> Any:
    """Σ_c C/(C + squared) of squared distances in d dimensions, arrays of NumPy or JAX of any shape."""
    bases = (2 * d * scale for scale in scales)
    return sum(base / (base + squared) for base in bases)
