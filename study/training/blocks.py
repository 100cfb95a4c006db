"""Calling a jitted function on any number of rows."""

from collections.abc import Callable

import jax
import numpy as np

from study.errors import StudyError

BLOCK = 1024  # rows per call: bounds memory, and one shape means one compilation


def rows(array: np.ndarray, width: int, name: str) -> np.ndarray:
    """The array as float32 `[N, width]`.

    Raises:
        StudyError: it has another shape.
    """
    array = np.asarray(array, np.float32)
    if array.ndim != 2 or array.shape[1] != width:
        raise StudyError(f"model: {name} must be [N, {width}], got {list(array.shape)}")
    return array


def in_blocks(
    function: Callable[[np.ndarray], tuple[jax.Array, ...]], rows: np.ndarray
) -> tuple[np.ndarray, ...]:
    """What a function of `[BLOCK, ·]` gives for rows `[N, ·]`, the last block filled up with zeros."""
    blocks = []
    for start in range(0, max(len(rows), 1), BLOCK):
        block = rows[start : start + BLOCK]
        padded = np.concatenate([block, np.zeros((BLOCK - len(block), rows.shape[1]), rows.dtype)])
        blocks.append([np.asarray(out)[: len(block)] for out in function(padded)])
    return tuple(np.concatenate(parts) for parts in zip(*blocks, strict=True))
