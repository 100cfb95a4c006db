"""Random numbers for work on the host, from one compiled program for each shape.

Outside of a compiled program JAX compiles every operation of `jax.random` by itself: of `choice` seven, of `bits` four,
and for each number of keys one that splits and one that takes them apart. Each takes a tenth of a second and one to two
mebibytes. The numbers here are those that JAX's functions of the same names give.
"""

import functools
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Integer, UInt32

Count: TypeAlias = int | np.integer
FEW = 2**17  # items; float32 has 2**23 uniform numbers, so that of 12 million items 30 % never came


def split(key: jax.Array, count: Count = 2) -> list[jax.Array]:
    """`count` keys; with JAX's default generator those of `jax.random.split`, whose i-th is that of `fold_in`."""
    return [jax.random.fold_in(key, i) for i in range(count)]


def generator(key: jax.Array) -> np.random.Generator:
    """NumPy's generator, seeded with 128 bits of the key."""
    return np.random.default_rng(bits(key, 4))


def bits(key: jax.Array, n: int) -> UInt32[np.ndarray, " {n}"]:
    """n numbers of 32 random bits."""
    return np.asarray(_bits(key, n))


def permutation(key: jax.Array, n: Count) -> Int[np.ndarray, " {n}"]:
    """0..n-1 in random order."""
    return np.asarray(_permutation(key, int(n)))


def choice(key: jax.Array, p: Float[np.ndarray, " K"], n: Count) -> Int[np.ndarray, " {n}"]:
    """n independent draws from 0..K-1 with probabilities p, in float32 up to `FEW` items, in float64 beyond."""
    few = len(p) <= FEW
    with jax.enable_x64(not few):
        return np.asarray(_choice(key, p.astype(np.float32 if few else np.float64), int(n)))


@functools.partial(jax.jit, static_argnums=1)
def _bits(key: jax.Array, n: int) -> UInt32[Array, " {n}"]:
    return jax.random.bits(key, (n,), jnp.uint32)


@functools.partial(jax.jit, static_argnums=1)
def _permutation(key: jax.Array, n: int) -> Integer[Array, " {n}"]:
    return jax.random.permutation(key, n)


@functools.partial(jax.jit, static_argnums=2)
def _choice(key: jax.Array, p: Float[Array, " K"], n: int) -> Integer[Array, " {n}"]:
    return jax.random.choice(key, jnp.arange(len(p)), (n,), p=p)
