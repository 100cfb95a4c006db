"""The fixed directions of sliced distances, of codes and of features."""

import jax
import numpy as np

DIRECTIONS = 64  # at least


def directions(dimensions: int) -> np.ndarray:
    """Fixed unit vectors `[f, P]` float32, P the first multiple of f from 64 on: whole random orthonormal bases.

    Over a basis the squared components of a shift sum to its squared length, so that a shift is measured without
    any noise of the choice of directions.
    """
    bases = -(-DIRECTIONS // dimensions)
    turns = jax.random.orthogonal(jax.random.key(0), dimensions, (bases,))
    return np.concatenate(list(np.asarray(turns, np.float32)), axis=1)
