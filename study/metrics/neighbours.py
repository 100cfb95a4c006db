"""Exact nearest neighbours in a pool of, for example, 60,000 images with 784 pixels, in bounded memory.

Most of a distance lies in few principal directions. An example's coordinates along these, and the length of the
remainder, form a point of few dimensions; distances between such points never exceed the true ones. So the true
distance to the example with the nearest point is an upper bound, and only examples whose points are no farther than
this bound are compared in full. Full comparisons use differences in float64, so the result equals that of a plain
double loop, and a duplicate is at distance exactly zero.
"""

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int

_ENTRIES = 4_000_000  # in one block of bounds
_PAIRS = 4096  # differences that are computed at once
_DIRECTIONS = 64
_WORTH = 96  # data with fewer dimensions are not projected
_CROWDED = 2000  # with more candidates than this, bounds do not help, and full products are used
_SPREAD = 5000  # examples that decide the directions, which affect the speed and not the result


class Neighbours:
    """Nearest neighbours in `pool`, with N at least 1, which is not copied."""

    def __init__(self, pool: Float32[np.ndarray, "N D"]) -> None:
        self.pool = pool
        self._centre = pool.mean(axis=0, dtype=np.float64).astype(np.float32)
        self._basis = _directions(pool, self._centre) if pool.shape[1] > _WORTH else None
        blocks = _blocks(len(pool), 64 * pool.shape[1])
        points = np.concatenate([self._points(pool[rows]) for rows in blocks])
        self._norms = np.einsum("nk,nk->n", points, points)
        self._table = np.concatenate([points, self._norms[:, None]], axis=1)  # one product gives |t|² - 2 x·t
        self._largest = float(np.sqrt(self._norms.max()))
        self._own = np.full(len(pool), np.nan)

    def nearest(self, x: Float[np.ndarray, "n D"]) -> tuple[Float64[np.ndarray, " n"], Int[np.ndarray, " n"]]:
        """Squared Euclidean distance of each x to the nearest of the pool, and its index.

        If several are at the same distance, the index is that of the first.
        """
        return self._search(x, None)

    def own(self, index: Int[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        """Squared distance of each `pool[index]` to the nearest other of the pool; infinite if there is none.

        Computed once per example, when first needed.
        """
        new = np.unique(index[np.isnan(self._own[index])])
        if len(self.pool) == 1:
            self._own[new] = np.inf
        elif len(new):
            self._own[new] = self._search(self.pool[new], new)[0]
        return self._own[index]

    def _search(
        self, x: Float[np.ndarray, "n D"], own: Int[np.ndarray, " n"] | None
    ) -> tuple[Float64[np.ndarray, " n"], Int[np.ndarray, " n"]]:
        squared, index = np.empty(len(x)), np.empty(len(x), np.intp)
        points = self._points(x)
        for rows in _blocks(len(x), len(self.pool)):
            itself = None if own is None else own[rows]
            bounds, room = self._bounds(points[rows])
            found = self._compare(x[rows], bounds, room, itself, at_most=_CROWDED)
            squared[rows], index[rows], crowded = found
            if crowded.any():
                again = np.arange(len(x))[rows][crowded]
                itself = None if itself is None else itself[crowded]
                bounds, room = self._products(x[again])
                squared[again], index[again], _ = self._compare(x[again], bounds, room, itself, at_most=None)
        return squared, index

    def _bounds(
        self, points: Float[np.ndarray, "n k"]
    ) -> tuple[Float[np.ndarray, "n N"], Float[np.ndarray, " n"]]:
        """Lower bounds on squared distances minus a number per row, and that number plus rounding error."""
        bounds = np.concatenate([-2 * points, np.ones_like(points[:, :1])], axis=1) @ self._table.T
        return bounds, self._room(np.einsum("nk,nk->n", points, points, dtype=np.float64))

    def _products(
        self, x: Float[np.ndarray, "n D"]
    ) -> tuple[Float[np.ndarray, "n N"], Float[np.ndarray, " n"]]:
        """The same as `_bounds` from all dimensions, so that bounds equal squared distances up to rounding."""
        centred = x - self._centre
        products = centred @ self.pool.T - (centred @ self._centre)[:, None]
        squares = np.einsum("nd,nd->n", centred, centred, dtype=np.float64)
        return self._norms - 2 * products, self._room(squares, offset=float(np.linalg.norm(self._centre)))

    def _room(self, squares: Float[np.ndarray, " n"], *, offset: float = 0.0) -> Float[np.ndarray, " n"]:
        rounding = 8 * (self.pool.shape[1] + 8) * np.finfo(np.float32).eps
        return rounding * (np.sqrt(squares) + self._largest + offset) ** 2 - squares

    def _compare(
        self,
        x: Float[np.ndarray, "n D"],
        bounds: Float[np.ndarray, "n N"],
        room: Float[np.ndarray, " n"],
        own: Int[np.ndarray, " n"] | None,
        *,
        at_most: int | None,
    ) -> tuple[Float64[np.ndarray, " n"], Int[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
        """Distance, index, and whether a row has more candidates than `at_most`; if so, the first two are not valid."""
        every = np.arange(len(x))
        if own is not None:
            bounds[every, own] = np.inf
        distance = _squared_differences(x, self.pool, every, bounds.argmin(axis=1))
        near = bounds <= (distance + room).astype(np.float32)[:, None]
        crowded = np.zeros(len(x), bool)
        if at_most is not None and self._basis is not None:
            crowded = np.count_nonzero(near, axis=1) > at_most
            near[crowded] = False
        rows, columns = np.divmod(np.flatnonzero(near), near.shape[1])  # several times faster than nonzero
        distances = _squared_differences(x, self.pool, rows, columns)
        order = np.lexsort((columns, distances, rows))
        order = order[np.flatnonzero(np.diff(rows[order], prepend=-1))]
        index = np.zeros(len(x), np.intp)
        distance[rows[order]], index[rows[order]] = distances[order], columns[order]
        return distance, index, crowded

    def _points(self, x: Float[np.ndarray, "n D"]) -> Float[np.ndarray, "n k"]:
        """Coordinates along the directions and length of the remainder; without directions all D coordinates."""
        centred = x - self._centre
        if self._basis is None:
            return centred
        along = centred @ self._basis
        rest = np.linalg.norm(centred - along @ self._basis.T, axis=1, keepdims=True)
        return np.concatenate([along, rest], axis=1)


def _directions(
    pool: Float[np.ndarray, "N D"], centre: Float[np.ndarray, " D"]
) -> Float32[np.ndarray, "D k"]:
    """The leading principal directions of the pool, from evenly spaced examples, orthonormal."""
    some = (pool[:: -(-len(pool) // _SPREAD)] - centre).astype(np.float64)
    return np.linalg.eigh(some.T @ some)[1][:, -_DIRECTIONS:].astype(np.float32)


def _blocks(n: int, width: int) -> list[slice]:
    """Slices of n rows, so that a block of rows of this width has at most `_ENTRIES` entries."""
    size = max(1, _ENTRIES // width)
    return [slice(start, start + size) for start in range(0, n, size)]


def _squared_differences(
    x: Float[np.ndarray, "n D"],
    y: Float[np.ndarray, "N D"],
    rows: Int[np.ndarray, " pairs"],
    columns: Int[np.ndarray, " pairs"],
) -> Float64[np.ndarray, " pairs"]:
    """|x[rows] - y[columns]|²."""
    out = np.empty(len(rows))
    for start in range(0, len(rows), _PAIRS):
        pairs = slice(start, start + _PAIRS)
        difference = x[rows[pairs]].astype(np.float64) - y[columns[pairs]]
        out[pairs] = np.einsum("pd,pd->p", difference, difference)
    return out
