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
    function: Callable[..., tuple[jax.Array, ...]], rows: np.ndarray, labels: np.ndarray | None = None
) -> tuple[np.ndarray, ...]:
    """What a function of `[BLOCK, ·]`, and labels `[BLOCK]` where given, gives for rows `[N, ·]`.

    The last block is filled up with zeros.
    """
    arrays = [rows] if labels is None else [rows, labels]
    blocks = []
    for start in range(0, max(len(rows), 1), BLOCK):
        parts = [array[start : start + BLOCK] for array in arrays]
        missing = BLOCK - len(parts[0])
        padded = [np.concatenate([a, np.zeros((missing, *a.shape[1:]), a.dtype)]) for a in parts]
        blocks.append([np.asarray(out)[: BLOCK - missing] for out in function(*padded)])
    return tuple(np.concatenate(parts) for parts in zip(*blocks, strict=True))
