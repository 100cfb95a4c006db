"""Truncated accept/reject sampling: propose until every draw is accepted, at most T times :cite:`bauer2019`."""

from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Scalar

State: TypeAlias = tuple[
    Scalar, Float[Array, "n d"], Bool[Array, " n"]
]  # the number of the next proposal, the draws, which of them are accepted


def accept_reject(
    first: Float[Array, "n d"],
    *,
    propose: Callable[[Scalar], Float[Array, "n d"]],
    accept: Callable[[Scalar, Float[Array, "n d"]], Bool[Array, " n"]],
    most: int,
) -> Float[Array, "n d"]:
    """n independent draws; the last proposal, number `most` − 1, is always accepted.

    Args:
        first: the proposals with number 0.
        propose: maps a number to its proposals.
        accept: maps a number and its proposals to whether each is accepted.
        most: T, the maximum number of proposals for each draw.
    """

    def go_on(state: State) -> Bool[Array, ""]:
        number, _, done = state
        return (number < most) & ~done.all()

    def again(state: State) -> State:
        number, z, done = state
        z = jnp.where(done[:, None], z, propose(number))
        return number + 1, z, done | accept(number, z)

    start = (jnp.int32(1), first, accept(jnp.int32(0), first))
    return jax.lax.while_loop(go_on, again, start)[1]
