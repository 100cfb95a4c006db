"""Calling a jitted function on any number of rows."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Float32, Int

from study.errors import StudyError
from study.runtime.arrays import numbers

BLOCK = 1024  # rows per call: limits memory, and with one shape there is one compilation


def rows(array: np.ndarray, width: int, name: str) -> Float32[np.ndarray, "N {width}"]:
    """The array as float32.

    Raises:
        StudyError: it has another shape, or its values are not numbers.
    """
    array = numbers(array, name=f"model: {name}")
    if array.ndim != 2 or array.shape[1] != width:
        raise StudyError(f"model: {name} must be [N, {width}], got {list(array.shape)}")
    return array


def in_blocks(
    function: Callable[..., Any],
    rows: Float[np.ndarray, "N width"],
    labels: Int[np.ndarray, " N"] | None = None,
    *,
    size: int = BLOCK,
) -> Any:
    """Apply a function of `[size, ·]`, and labels `[size]` if given, to rows block by block.

    The last block is padded with zeros. The function returns an array `[size, ...]` or a tree of them; the result has
    the same structure with N rows.
    """
    arrays = [rows] if labels is None else [rows, labels]
    blocks = []
    for start in range(0, max(len(rows), 1), size):
        parts = [array[start : start + size] for array in arrays]
        missing = size - len(parts[0])
        padded = [np.concatenate([a, np.zeros((missing, *a.shape[1:]), a.dtype)]) for a in parts]
        blocks.append(jax.tree.map(np.asarray, function(*padded)))
    return jax.tree.map(lambda *parts: np.concatenate(parts)[: len(rows)], *blocks)
