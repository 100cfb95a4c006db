"""The Gaussian that a strategy proposes from and then reweights: N(0, I), or N(m, C) with the moments of the codes.

In its own coordinates ε, with z = m + L ε, it is N(0, I); networks see z in the whitened coordinates w of the codes.
"""

from typing import Any, Literal, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float
from scipy.linalg import solve_triangular

from study.strategies.parts.training import Coordinates
from study.strategies.parts.whitening import Whitening

Proposal = Literal["gaussian", "prior"]


class AffineMap(NamedTuple):
    """y = shift + scale x inside a program: `[d]`, `[d, d]`, float32."""

    shift: Any
    scale: Any

    def __call__(self, x: Float[Array, "n d"]) -> Float[Array, "n d"]:
        """y of x."""
        return self.shift[None, :] + x @ self.scale.T


def base(proposal: Proposal, at: Whitening) -> Whitening:
    """The coordinates in which the proposal is N(0, I); `at` are those in which the codes are white."""
    return at if proposal == "gaussian" else Whitening(np.zeros(at.d), np.eye(at.d))


def change(source: Whitening, target: Whitening) -> AffineMap:
    """The map from one set of coordinates to another."""
    columns = np.column_stack([source.shift - target.shift, source.scale])
    moved = solve_triangular(target.scale, columns, lower=True)
    return AffineMap(moved[:, 0].astype(np.float32), moved[:, 1:].astype(np.float32))


def propose(
    key: jax.Array, shape: tuple[int, ...], *, proposal: Proposal, at: Coordinates
) -> Float[Array, "n d"]:
    """Draws of the proposal in whitened coordinates, inside a program."""
    epsilon = jax.random.normal(key, shape)
    return epsilon if proposal == "gaussian" else (epsilon - at.shift[None, :]) @ at.inverse.T
