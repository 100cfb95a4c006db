"""Whether a value is an array of numbers, said in one line where it is not."""

from typing import Any

import numpy as np

from study.errors import StudyError
from study.runtime.checks import shown


def numbers(value: Any, *, name: str, dtype: type[np.floating] | None = np.float32) -> np.ndarray:
    """The value as an array of floats; what is too large for `dtype` becomes infinite, for the caller to find.

    Args:
        value: an array, a list of lists, anything that NumPy makes an array of.
        name: what messages call it.
        dtype: of the result; None keeps that of real numbers as it is.

    Raises:
        StudyError: it holds text, objects or complex numbers, or its rows differ in length.
    """
    try:
        found = np.asarray(value)
    except Exception as error:  # rows of different lengths, and what an object's own conversion raises
        raise StudyError(f"{name}: give an array of numbers, got {shown(value)}") from error
    if found.dtype.kind not in "fiub":
        raise StudyError(f"{name}: give an array of numbers, got {shown(value)}")
    if dtype is None:
        return found
    with np.errstate(over="ignore"):
        return found.astype(dtype, copy=False)
