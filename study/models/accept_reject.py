"""Truncated accept/reject sampling: propose until every draw is accepted, at most T times :cite:`bauer2019`."""

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp

State: TypeAlias = tuple[
    jax.Array, jax.Array, jax.Array
]  # the number of the next proposal, the draws, which of them are accepted


def accept_reject(
    first: jax.Array,
    *,
    propose: Callable[[jax.Array], jax.Array],
    accept: Callable[[jax.Array, jax.Array], jax.Array],
    most: int,
) -> jax.Array:
    """n independent draws `[n, d]`; the last proposal, number `most` − 1, is always accepted.

    Args:
        first: the proposals with number 0, `[n, d]`.
        propose: maps a number to its proposals, `[n, d]`.
        accept: maps a number and its proposals to whether each is accepted, `[n]`.
        most: T, the maximum number of proposals for each draw.
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
