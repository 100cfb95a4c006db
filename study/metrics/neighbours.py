"""Exact nearest neighbours in a pool of, for example, 60,000 images with 784 pixels, in bounded memory.

Most of a distance lies in few principal directions. An example's coordinates along these, and the length of the
remainder, form a point of few dimensions; distances between such points never exceed the true ones. So the true
distance to the example with the nearest point is an upper bound, and only examples whose points are no farther than
this bound are compared in full. Where too many are, points of more dimensions are compared, and at last all of them.
Full comparisons use differences in float64, so the result equals that of a plain double loop, and a duplicate is at
distance exactly zero.
"""

import functools
from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float, Float32, Float64, Int

_ENTRIES = 4_000_000  # in one block of bounds
_PAIRS = 4096  # differences that are computed at once
_DIRECTIONS, _MORE = 64, 256
_WORTH, _WIDE = 96, 512  # data with fewer dimensions are not projected, and not on `_MORE` directions
_FEW, _CROWDED = (
    300,
    1000,
)  # with more candidates, more directions, or at last full products, are worth their time
_HOPELESS = 4  # a row with more than a fourth of the pool as candidates keeps them with more directions
_SPREAD = 5000  # examples that decide the directions, which affect the speed and not the result

Bounds = tuple[Float[np.ndarray, "n N"], Float[np.ndarray, " n"], float]


class _Points:
    """The pool's coordinates along some directions, and the length of what is left; all D coordinates without any."""

    def __init__(
        self,
        pool: Float32[np.ndarray, "N D"],
        centre: Float32[np.ndarray, " D"],
        basis: Float32[np.ndarray, "D k"] | None,
    ) -> None:
        self._centre, self._basis = centre, basis
        points = np.concatenate([self._of(pool[rows]) for rows in _blocks(len(pool), 64 * pool.shape[1])])
        self.norms = np.einsum("nk,nk->n", points, points)
        self._table = np.concatenate([points, self.norms[:, None]], axis=1)  # one product gives |t|² - 2 x·t

    def bounds(self, x: Float[np.ndarray, "n D"]) -> Bounds:
        """Lower bounds on squared distances minus |x|², |x|², and a length that adds to the rounding: none."""
        points = self._of(x)
        bounds = np.concatenate([-2 * points, np.ones_like(points[:, :1])], axis=1) @ self._table.T
        return bounds, np.einsum("nk,nk->n", points, points, dtype=np.float64), 0.0

    def _of(self, x: Float[np.ndarray, "n D"]) -> Float[np.ndarray, "n k"]:
        centred = x - self._centre
        if self._basis is None:
            return centred
        along = centred @ self._basis
        rest = np.linalg.norm(centred - along @ self._basis.T, axis=1, keepdims=True)
        return np.concatenate([along, rest], axis=1)


class Neighbours:
    """Nearest neighbours in `pool`, with N at least 1, which is not copied."""

    def __init__(self, pool: Float32[np.ndarray, "N D"]) -> None:
        self.pool = pool
        self._centre = pool.mean(axis=0, dtype=np.float64).astype(np.float32)
        self._basis = _directions(pool, self._centre) if pool.shape[1] > _WORTH else None
        first = None if self._basis is None else np.ascontiguousarray(self._basis[:, -_DIRECTIONS:])
        self._points = _Points(pool, self._centre, first)
        self._largest = float(np.sqrt(self._points.norms.max()))
        self._own = np.full(len(pool), np.nan)

    @functools.cached_property
    def _more_points(self) -> _Points:
        """Along all directions; made when the first ones have left some row many candidates."""
        return _Points(self.pool, self._centre, self._basis)

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
        left, candidates = np.arange(len(x)), np.zeros(len(x), np.intp)
        for bounds, at_most in self._steps():
            if not len(left):
                break
            waits = (candidates[left] > len(self.pool) // _HOPELESS) & (at_most < len(self.pool))
            now = left[~waits]
            for rows in (now[block] for block in _blocks(len(now), len(self.pool))):
                lower, squares, offset = bounds(x[rows])
                room, itself = self._room(squares, offset), None if own is None else own[rows]
                found = self._compare(x[rows], lower, room, itself, at_most=at_most)
                squared[rows], index[rows], candidates[rows] = found
            left = left[waits | (candidates[left] > at_most)]
        return squared, index

    def _steps(self) -> Iterator[tuple[Callable[[np.ndarray], Bounds], int]]:
        """Bounds, from the loosest to the exact ones, each with the most candidates of a row that it may leave."""
        if self._basis is None:
            yield self._points.bounds, len(self.pool)
            return
        wide = self._basis.shape[1] > _DIRECTIONS
        yield self._points.bounds, _FEW if wide else _CROWDED
        if wide:
            yield self._more_points.bounds, _CROWDED
        yield self._products, len(self.pool)

    def _products(self, x: Float[np.ndarray, "n D"]) -> Bounds:
        """Bounds from all dimensions, which equal squared distances up to rounding."""
        centred = x - self._centre
        products = centred @ self.pool.T - (centred @ self._centre)[:, None]
        squares = np.einsum("nd,nd->n", centred, centred, dtype=np.float64)
        return self._points.norms - 2 * products, squares, float(np.linalg.norm(self._centre))

    def _room(self, squares: Float[np.ndarray, " n"], offset: float) -> Float[np.ndarray, " n"]:
        """What turns bounds into differences from a squared distance: minus |x|², plus rounding errors."""
        rounding = 8 * (self.pool.shape[1] + 8) * np.finfo(np.float32).eps
        return rounding * (np.sqrt(squares) + self._largest + offset) ** 2 - squares

    def _compare(
        self,
        x: Float[np.ndarray, "n D"],
        bounds: Float[np.ndarray, "n N"],
        room: Float[np.ndarray, " n"],
        own: Int[np.ndarray, " n"] | None,
        *,
        at_most: int,
    ) -> tuple[Float64[np.ndarray, " n"], Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
        """Distance, index, and how many candidates a row has; if more than `at_most`, the first two are not valid."""
        every = np.arange(len(x))
        if own is not None:
            bounds[every, own] = np.inf
        distance = _squared_differences(x, self.pool, every, bounds.argmin(axis=1))
        near = bounds <= (distance + room).astype(np.float32)[:, None]
        candidates = np.count_nonzero(near, axis=1)
        near[candidates > at_most] = False
        rows, columns = np.divmod(np.flatnonzero(near), near.shape[1])  # several times faster than nonzero
        distances = _squared_differences(x, self.pool, rows, columns)
        order = np.lexsort((columns, distances, rows))
        order = order[np.flatnonzero(np.diff(rows[order], prepend=-1))]
        index = np.zeros(len(x), np.intp)
        distance[rows[order]], index[rows[order]] = distances[order], columns[order]
        return distance, index, candidates


def _directions(
    pool: Float[np.ndarray, "N D"], centre: Float[np.ndarray, " D"]
) -> Float32[np.ndarray, "D k"]:
    """The leading principal directions of the pool, the leading one last, from evenly spaced examples, orthonormal."""
    some = (pool[:: -(-len(pool) // _SPREAD)] - centre).astype(np.float64)
    count = _MORE if pool.shape[1] >= _WIDE else _DIRECTIONS
    return np.linalg.eigh(some.T @ some)[1][:, -count:].astype(np.float32)


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
