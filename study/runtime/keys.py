"""Random keys as users give them: a `jax.random` key, or a plain integer that stands for one."""

import zlib
from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from study.errors import StudyError
from study.runtime.checks import shown, whole_number

Key: TypeAlias = jax.Array | np.ndarray | int
Stage = Literal["train", "features"]
IMPLEMENTATION = "threefry2x32"  # named, so that results do not depend on a global default


def stage_key(seed: Any, stage: Stage) -> jax.Array:
    """The key of a stage for a seed, a whole number or a traced one; no other stage or user's key has its numbers.

    Measuring has `jax.random.key(seed)`, and so do users. Without a key of its own, training with the same seed would
    draw the same numbers as measuring. The generator is named, so that results do not depend on a global default.
    """
    return jax.random.fold_in(jax.random.key(seed, impl=IMPLEMENTATION), zlib.crc32(stage.encode()) >> 1)


def as_key(key: Any) -> jax.Array:
    """One `jax.random` key: the key itself, also a raw one `[2]` uint32, or `jax.random.key(i)` for an integer i.

    Every public function that takes a key calls this first; after that, keys are always JAX's own.

    Raises:
        StudyError: it is neither, or an integer outside 0 .. 2**32 - 1.
    """
    if isinstance(key, jax.Array | np.ndarray):
        named = jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
        if isinstance(key, jax.Array) and named and key.shape == ():
            return key
        if key.dtype == np.uint32 and key.shape == (2,):
            return jax.device_put(key)
        if key.shape == () and not named and not isinstance(key, jax.core.Tracer):
            return as_key(key.item())
        raise StudyError(
            f"key: give one jax.random.key(...) or a whole number, got {key.dtype} of shape {list(key.shape)}"
        )
    if isinstance(key, float | str | bytes | None):
        raise StudyError(f"key: give jax.random.key(...) or a whole number, got {shown(key)}")
    return jax.random.key(whole_number(key, name="key", least=0, most=2**32 - 1))
