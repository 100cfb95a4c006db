"""Random numbers that strategies share, so that differences on one model are paired, and keys for their own."""

import functools

import jax
import numpy as np
from jaxtyping import Array, Float, Float32, Int, Int64, ScalarLike

from study.runtime.checks import whole_number


def shared_draws(
    key: jax.Array, *, n: int, d: int, components: int
) -> tuple[Int64[np.ndarray, " {n}"], Float32[np.ndarray, " {n} {d}"]]:
    """Common random numbers for every strategy that draws an index and noise.

    Two strategies with the same key then share both, so that their difference on one model is paired.

    Returns:
        index uniform on 0..components-1, and epsilon standard normal.

    Raises:
        StudyError: n is negative or not a whole number; n = 0 gives arrays without rows.
    """
    index, epsilon = _draws(key, whole_number(n, name="n"), d, components)
    return np.asarray(index, np.int64), np.asarray(epsilon)


def traced_draws(
    key: jax.Array, *, n: int, d: int, components: int
) -> tuple[Int[Array, " {n}"], Float[Array, " {n} {d}"]]:
    """The same numbers as `shared_draws`, for a compiled program; index is int32.

    Raises:
        StudyError: n is negative or not a whole number.
    """
    return _draws(key, whole_number(n, name="n"), d, components)


@functools.partial(jax.jit, static_argnums=(1, 2))
def _draws(
    key: jax.Array, n: int, d: int, components: ScalarLike
) -> tuple[Int[Array, " n"], Float[Array, " n d"]]:
    index_key, noise_key = jax.random.split(key)
    index = jax.random.randint(index_key, (n,), 0, components)
    return index, jax.random.normal(noise_key, (n, d))


def own_key(key: jax.Array) -> jax.Array:
    """A key independent of the two that `shared_draws` makes from `key`.

    `jax.random.split(key)` equals `fold_in` with 0 and 1, so the first number that is free is 2.
    """
    return jax.random.fold_in(key, 2)
