"""Calling a jitted function on any number of rows."""

from collections.abc import Callable
from typing import Any

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


def in_blocks(function: Callable[[np.ndarray], Any], rows: np.ndarray, *, size: int = BLOCK) -> Any:
    """What a function of `[size, ·]` gives for rows `[N, ·]`, the last block filled up with zeros.

    The function returns an array `[size, ...]`, or a tree of them; so does this, with N rows.
    """
    blocks = []
    for start in range(0, max(len(rows), 1), size):
        block = rows[start : start + size]
        padded = np.concatenate([block, np.zeros((size - len(block), rows.shape[1]), rows.dtype)])
        blocks.append(jax.tree.map(np.asarray, function(padded)))
    return jax.tree.map(lambda *parts: np.concatenate(parts)[: len(rows)], *blocks)
