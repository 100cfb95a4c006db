"""Exact nearest neighbours in a pool of, for example, 60,000 images with 784 pixels, in bounded memory.

Most of a distance lies in few principal directions. An example's coordinates along these, and the length of the
remainder, form a point of few dimensions; distances between such points never exceed the true ones. So the true
distance to the example with the nearest point is an upper bound, and only examples whose points are no farther than
this bound are compared in full. Where too many are, points of more dimensions are compared, and at last all of them.
Full comparisons use differences in float64, so the result equals that of a plain double loop, and a duplicate is at
distance exactly zero.

The pool is passed in parts that stay in a core's cache. The upper bound falls from part to part; a row that has many
candidates after some parts goes on to the next points at once.
"""

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Float64, Int

from study.runtime.blocks import slices

_ROWS, _COLUMNS = 256, 2048  # of a block of bounds
_KEPT = 1_000_000  # most candidates, and most coordinates of new points, that are held at once
_PAIRS = 128  # differences that are computed at once
_DIRECTIONS, _MORE = 64, 256
_WORTH, _WIDE = 96, 512  # data with fewer dimensions are not projected, and not on `_MORE` directions
# With more candidates than these, more directions, or at last full products, are worth their time.
_FEW, _CROWDED = 300, 1000
_LOOSE = 4  # candidates under the bound of some parts are up to so many times those under the last
_HOPELESS = 4  # a row with more than a fourth of the pool as candidates keeps them with more directions
_SPREAD = 5000  # examples that decide the directions, which affect the speed and not the result


class Bounds(NamedTuple):
    """Lower bounds on squared distances of some x to the pool, minus |x|².

    Attributes:
        block: those of some x to a part of the pool.
        squares: |x|².
        offset: a length that adds to the rounding.
    """

    block: Callable[[Int[np.ndarray, " m"], slice], Float[np.ndarray, "m columns"]]
    squares: Float[np.ndarray, " n"]
    offset: float


class _Points:
    """The pool's coordinates along some directions, and the length of what is left; all D coordinates without any."""

    def __init__(
        self,
        pool: Float32[np.ndarray, "N D"],
        centre: Float32[np.ndarray, " D"],
        basis: Float32[np.ndarray, "D k"] | None,
    ) -> None:
        self._centre, self._basis = centre, basis
        parts = slices(len(pool), max(1, _KEPT // pool.shape[1]))
        points = np.concatenate([self._of(pool[rows]) for rows in parts])
        self.norms = np.einsum("nk,nk->n", points, points)
        self._table = np.concatenate([points, self.norms[:, None]], axis=1)  # one product gives |t|² - 2 x·t

    def bounds(self, x: Float[np.ndarray, "n D"]) -> Bounds:
        """Those from distances between points."""
        points = self._of(x)
        left = np.concatenate([-2 * points, np.ones_like(points[:, :1])], axis=1)
        squares = np.einsum("nk,nk->n", points, points, dtype=np.float64)
        return Bounds(lambda rows, columns: left[rows] @ self._table[columns].T, squares, 0.0)

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
            for rows in (now[block] for block in slices(len(now), _ROWS)):
                itself = None if own is None else own[rows]
                found = self._compare(x[rows], bounds(x[rows]), itself, at_most=at_most)
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
        left, shift = -2 * centred, 2 * (centred @ self._centre)[:, None]

        def block(rows: np.ndarray, columns: slice) -> np.ndarray:
            return left[rows] @ self.pool[columns].T + (shift[rows] + self._points.norms[columns])

        squares = np.einsum("nd,nd->n", centred, centred, dtype=np.float64)
        return Bounds(block, squares, float(np.linalg.norm(self._centre)))

    def _room(self, bounds: Bounds) -> Float[np.ndarray, " n"]:
        """What turns bounds into differences from a squared distance: minus |x|², plus rounding errors."""
        rounding = 8 * (self.pool.shape[1] + 8) * np.finfo(np.float32).eps
        return rounding * (np.sqrt(bounds.squares) + self._largest + bounds.offset) ** 2 - bounds.squares

    def _compare(
        self, x: Float[np.ndarray, "n D"], bounds: Bounds, own: Int[np.ndarray, " n"] | None, *, at_most: int
    ) -> tuple[Float64[np.ndarray, " n"], Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
        """Distance, index, and how many candidates a row has; if more than `at_most`, the first two are not valid."""
        found = _Nearest(x, self.pool, self._room(bounds))
        rows = np.arange(len(x))
        for columns in slices(len(self.pool), _COLUMNS):
            block = bounds.block(rows, columns)
            if own is not None:
                itself = own[rows] - columns.start
                here = np.flatnonzero((itself >= 0) & (itself < block.shape[1]))
                block[here, itself[here]] = np.inf
            found.look(block, rows, columns.start)
            rows = rows[found.seen[rows] <= _LOOSE * at_most]
            if not len(rows):
                break
        return found.settled(at_most=at_most)


class _Nearest:
    """The nearest example to each of some x, as far as blocks of bounds tell; `room` turns distances into bounds."""

    def __init__(
        self, x: Float[np.ndarray, "n D"], pool: Float32[np.ndarray, "N D"], room: Float[np.ndarray, " n"]
    ) -> None:
        self._x, self._pool, self._room = x, pool, room
        self._distance = np.full(len(x), np.inf)  # to some example: to the nearest it is no larger
        self._lowest = np.full(len(x), np.inf)  # bound
        self._looked = np.zeros(len(x), np.intp)
        self.seen = np.zeros(len(x), np.intp)  # candidates, by the distances of their time
        self._parts: list[tuple[np.ndarray, ...]] = []  # row, column and bound of candidates

    def look(self, block: Float[np.ndarray, "m columns"], rows: Int[np.ndarray, " m"], start: int) -> None:
        """Take in the bounds of some rows to the part of the pool that begins at `start`."""
        at = block.argmin(axis=1)
        lowest = block[np.arange(len(rows)), at]
        better = ~(lowest >= self._lowest[rows])
        nearer = rows[better]
        self._lowest[nearer] = lowest[better]
        distance = _squared_differences(self._x, self._pool, nearer, at[better] + start)
        self._distance[nearer] = np.minimum(self._distance[nearer], distance)
        near = np.flatnonzero(block <= self._most[rows, None])
        row, column = np.divmod(near, block.shape[1])  # several times faster than nonzero
        self.seen[rows] += np.bincount(row, minlength=len(rows))
        self._looked[rows] += block.shape[1]
        self._parts.append((rows[row], column + start, block.ravel()[near]))
        if sum(len(part[0]) for part in self._parts) > _KEPT:
            self._parts = [self._best(*self._candidates())]

    def settled(
        self, *, at_most: int
    ) -> tuple[Float64[np.ndarray, " n"], Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
        """Distance, index, and how many candidates a row has; if more than `at_most`, the first two are not valid.

        Of a row with many, which was not looked at to the end, their number in the whole pool is guessed.
        """
        row, column, bound = self._candidates()
        counts = np.bincount(row, minlength=len(self.seen))
        many = self._looked < len(self._pool)
        counts[many] = self.seen[many] * len(self._pool) // self._looked[many]
        few = counts[row] <= at_most
        row, column, _ = self._best(row[few], column[few], bound[few])
        index = np.zeros(len(counts), np.intp)
        index[row] = column
        return self._distance, index, counts

    @property
    def _most(self) -> Float32[np.ndarray, " n"]:
        """Examples with bounds above this are farther than another."""
        return (self._distance + self._room).astype(np.float32)

    def _candidates(self) -> tuple[np.ndarray, ...]:
        """Row, column and bound of those that are not excluded by now."""
        row, column, bound = (np.concatenate(each) for each in zip(*self._parts, strict=True))
        near = bound <= self._most[row]
        return row[near], column[near], bound[near]

    def _best(self, row: np.ndarray, column: np.ndarray, bound: np.ndarray) -> tuple[np.ndarray, ...]:
        """Of the candidates of each row the nearest, of several at its distance the first."""
        distance = _squared_differences(self._x, self._pool, row, column)
        order = np.lexsort((column, distance, row))
        order = order[np.flatnonzero(np.diff(row[order], prepend=-1))]
        self._distance[row[order]] = distance[order]
        return row[order], column[order], bound[order]


def _directions(
    pool: Float[np.ndarray, "N D"], centre: Float[np.ndarray, " D"]
) -> Float32[np.ndarray, "D k"]:
    """The leading principal directions of the pool, the leading one last, from evenly spaced examples, orthonormal."""
    some = (pool[:: -(-len(pool) // _SPREAD)] - centre).astype(np.float64)
    count = _MORE if pool.shape[1] >= _WIDE else _DIRECTIONS
    return np.linalg.eigh(some.T @ some)[1][:, -count:].astype(np.float32)


def _squared_differences(
    x: Float[np.ndarray, "n D"],
    y: Float[np.ndarray, "N D"],
    rows: Int[np.ndarray, " pairs"],
    columns: Int[np.ndarray, " pairs"],
) -> Float64[np.ndarray, " pairs"]:
    """|x[rows] - y[columns]|²."""
    out = np.empty(len(rows))
    for pairs in slices(len(rows), _PAIRS):
        difference = x[rows[pairs]].astype(np.float64) - y[columns[pairs]]
        out[pairs] = np.einsum("pd,pd->p", difference, difference)
    return out
