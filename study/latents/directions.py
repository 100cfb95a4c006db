"""The fixed directions along which sliced distances of codes and of features are computed."""

import functools

import jax
import numpy as np
from jaxtyping import Float32

DIRECTIONS = 64  # at least


@functools.cache
def directions(dimensions: int) -> Float32[np.ndarray, "{dimensions} P"]:
    """Fixed unit vectors: whole random orthonormal bases, P the smallest multiple of `dimensions` from 64 on.

    Over a basis the squared components of a shift sum to its squared length, so the measured size of a shift does not
    depend on the random directions.
    """
    bases = -(-DIRECTIONS // dimensions)
    turns = jax.random.orthogonal(jax.random.key(0), dimensions, (bases,))
    found = np.concatenate(list(np.asarray(turns, np.float32)), axis=1)
    found.setflags(write=False)  # every caller has this array
    return found
