"""Check that a value is an array of numbers, with a one-line error."""

from typing import Any

import numpy as np

from study.errors import StudyError
from study.runtime.checks import shown


def numbers(value: Any, *, name: str, dtype: type[np.floating] | None = np.float32) -> np.ndarray:
    """The value as an array of floats; numbers too large for `dtype` become infinite, which the caller must check.

    Args:
        value: an array, a list of lists, or anything else that NumPy converts to an array.
        name: its name in messages.
        dtype: of the result; None keeps the dtype of real numbers.

    Raises:
        StudyError: it holds text, objects or complex numbers, or its rows differ in length.
    """
    try:
        found = np.asarray(value)
    except Exception as error:  # rows of different lengths, or an error in an object's own conversion
        raise StudyError(f"{name}: give an array of numbers, got {shown(value)}") from error
    if found.dtype.kind not in "fiub":
        raise StudyError(f"{name}: give an array of numbers, got {shown(value)}")
    if dtype is None:
        return found
    with np.errstate(over="ignore"):
        return found.astype(dtype, copy=False)
