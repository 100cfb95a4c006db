"""Memory that the C library keeps for itself after a program has freed it."""

import ctypes
import functools
from collections.abc import Callable


def give_back() -> None:
    """Return to the system what this process has freed; no effect where the C library cannot.

    glibc keeps it for the thread that freed it. XLA compiles and runs on many threads, so that without this nearly a
    tenth of the memory of a run is in nobody's use.
    """
    _trim()(0)


@functools.cache
def _trim() -> Callable[[int], object]:
    try:
        found = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # not glibc
        return lambda kept: None
    found.argtypes = [ctypes.c_size_t]
    return found
