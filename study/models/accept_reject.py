"""Truncated accept/reject sampling: propose until all are accepted, T times at most :cite:`bauer2019`."""

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp

State: TypeAlias = tuple[
    jax.Array, jax.Array, jax.Array
]  # the next proposal's number, the draws, who is done


def accept_reject(
    first: jax.Array,
    *,
    propose: Callable[[jax.Array], jax.Array],
    accept: Callable[[jax.Array, jax.Array], jax.Array],
    most: int,
) -> jax.Array:
    """n independent draws `[n, d]`; the proposal numbered `most` − 1 is taken whatever it is.

    Args:
        first: proposals `[n, d]` of number 0.
        propose: those of a number, `[n, d]`.
        accept: whether proposals of a number are accepted, `[n]`.
        most: T, the most proposals for each draw.
    """

    def go_on(state: State) -> jax.Array:
        number, _, done = state
        return (number < most) & ~done.all()

    def again(state: State) -> State:
        number, z, done = state
        z = jnp.where(done[:, None], z, propose(number))
        return number + 1, z, done | accept(number, z)

    start = (jnp.int32(1), first, accept(jnp.int32(0), first))
    return jax.lax.while_loop(go_on, again, start)[1]
