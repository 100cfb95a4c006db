"""What the checks of packages share: each fact is printed with whether it holds; one that does not fails the check."""

import contextlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

_held: list[bool] = []


def fact(text: str, holds: Any) -> None:
    """Print whether a fact holds, and remember it."""
    _held.append(bool(holds))
    print(f"{'holds ' if holds else 'FAILS '} {text}")


def close(a: Any, b: Any) -> bool:
    """Whether two numbers or arrays agree to 4 digits, which is what float32 leaves of a sum."""
    return bool(np.allclose(np.asarray(a, float), np.asarray(b, float), rtol=1e-4, atol=1e-6))


def standard_normal(z: Any) -> bool:
    """Whether mean, variance and kurtosis of all values of `z` are within five standard errors those of N(0, 1)."""
    z = np.asarray(z, float).ravel()
    mean, var = z.mean(), z.var()
    kurtosis = ((z - mean) ** 4).mean() / var**2
    off = np.abs([mean, var - 1, kurtosis - 3]) / np.sqrt([1, 2, 24])
    return bool((off < 5 / math.sqrt(len(z))).all())


@contextlib.contextmanager
def inputs(module: Any) -> Iterator[list[np.ndarray]]:
    """The first arguments of every call of a torch module within the block."""
    seen: list[np.ndarray] = []
    hook = module.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach().numpy().copy()))
    yield seen
    hook.remove()


def done() -> None:
    """End the check, with exit code 1 if a fact does not hold."""
    raise SystemExit(not (_held and all(_held)))
