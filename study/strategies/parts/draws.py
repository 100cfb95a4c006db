"""Draws that are a strategy's own, beside the index and the noise that all strategies share."""

import jax


def own_key(key: jax.Array) -> jax.Array:
    """A key independent of the two that `shared_draws` makes from `key`.

    `jax.random.split(key)` equals `fold_in` with 0 and 1, so the first number that is free is 2.
    """
    return jax.random.fold_in(key, 2)
