"""Precision, recall, density and coverage: do samples lie among the data, and data among the samples?

A manifold is a union of balls around points; the radius of a ball is the distance to its k-th nearest neighbour. A
point is not its own neighbour. Balls are closed, as in equation 2 of :cite:`kynkaanniemi2019`. The authors' package
`prdc` has open ones, which differ on ties alone: where every row has k copies, its balls are empty, and a set scores 0
against itself.

A float32 matrix product minus its rounding error gives a lower bound on each distance. Only pairs whose bound lies
inside a ball are then computed from differences in float64, so that equal rows are at distance exactly zero and ties
are exact.
"""

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Bool, Float, Float32, Float64, Int, Int64

from study.metrics.base import Metric, Prepared, Score
from study.metrics.design_effect import Reach
from study.metrics.reference import HALF, Reference
from study.runtime.blocks import slices
from study.runtime.environment import blas_threads, cores

PRECISION_K = 3
DENSITY_K = 5
_BLOCK = 128
_FEW = 8  # blocks
_DENSE = 16  # if more than one pair in so many is needed, computing the whole block is cheaper
_PAIRS = 1 << 15  # float64 pairs that are computed at once


def _squared(x: Float[np.ndarray, "f ..."], y: Float[np.ndarray, "f ..."]) -> Float64[np.ndarray, "..."]:
    """Squared distances of arrays that broadcast, summed over f in the same order for all shapes."""
    total = np.zeros(np.broadcast_shapes(x.shape[1:], y.shape[1:]))
    for a, b in zip(x, y, strict=True):
        total += np.square(a - b)
    return total


class _Distances:
    """Squared distances from the rows of x to those of y, and lower bounds on them."""

    def __init__(self, x: Float[np.ndarray, "n f"], y: Float[np.ndarray, "m f"]) -> None:
        self.shape = len(x), len(y)
        self._x, self._y = np.ascontiguousarray(x.T), np.ascontiguousarray(y.T)
        centre = y.mean(0)
        x, y = x - centre, y - centre
        squares = np.square(x).sum(1), np.square(y).sum(1)
        # An f-term product in float32 is off by at most about f ε/2 (|x|+|y|)² :cite:`higham2002`, section 3.1.
        share = (x.shape[1] + 8) * float(np.finfo(np.float32).eps)
        self.slack = (
            2 * share * (squares[0] + squares[1].max())
        )  # the most that a row's distances exceed their bounds by, `[n]`
        shrunk = [(1 - share) * s[:, None] for s in squares]
        ones = [np.ones_like(s) for s in shrunk]
        self._left = np.hstack([x, shrunk[0], ones[0]]).astype(np.float32)
        self._right = np.hstack([-2 * y, ones[1], shrunk[1]]).astype(np.float32).T

    def bounds(self, rows: slice) -> Float32[np.ndarray, "b m"]:
        """Lower bounds on the squared distances of some rows of x to all of y."""
        return self._left[rows] @ self._right

    def pairs(
        self, rows: slice, chosen: Bool[np.ndarray, "b m"]
    ) -> Iterator[tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"], Float[np.ndarray, " p"]]]:
        """Row numbers i, j and squared distances, in pieces, for at least the pairs in `chosen`.

        A piece holds whole rows: all pairs of an i are in the same piece.
        """
        counts = chosen.sum(1)
        whole = _DENSE * int(counts.sum()) > chosen.size
        width = self.shape[1] if whole else int(counts.max(initial=1)) or 1
        step = max(1, _PAIRS // width)
        for start in range(0, len(chosen), step):
            part = chosen[start : start + step]
            first = rows.start + start
            if whole:
                x = self._x[:, first : first + len(part), None]
                i, j = np.indices(part.shape).reshape(2, -1)
                yield i + first, j, _squared(x, self._y[:, None, :]).ravel()
            else:
                i, j = np.divmod(np.flatnonzero(part), self.shape[1])
                yield i + first, j, _squared(self._x[:, i + first], self._y[:, j])


def _some_smallest(values: Float[np.ndarray, "b m"]) -> Float[np.ndarray, "b groups"]:
    """For m above 256, the smallest value in each of a few groups of columns."""
    while values.shape[1] > 256:
        half = values.shape[1] // 2
        values = np.minimum(values[:, :half], values[:, half : 2 * half])
    return values


def _above(values: Float[np.ndarray, "*S"]) -> Float32[np.ndarray, "*S"]:
    """Convert to float32, rounded up."""
    return np.nextafter(values.astype(np.float32), np.float32(np.inf))


def _over_blocks(n: int, work: Callable[[slice], None]) -> None:
    """Run `work` on blocks of n rows, on all cores; few blocks are done before other threads have started."""
    blocks = slices(n, _BLOCK)
    with blas_threads(1), ThreadPoolExecutor(cores()) as pool:
        list(map(work, blocks) if len(blocks) <= _FEW else pool.map(work, blocks))


def _squared_radii(
    points: Float[np.ndarray, "n f"], ks: tuple[int, ...]
) -> tuple[Float64[np.ndarray, "ks n"], Int64[np.ndarray, "ks n"]]:
    """Squared distance to the k-th nearest other point for each k, and the number of others that are as near.

    That number is k unless distances are tied.
    """
    distances, most = _Distances(points, points), max(ks)
    radii, others = np.empty((len(ks), len(points))), np.empty((len(ks), len(points)), np.int64)

    def work(rows: slice) -> None:
        bounds = distances.bounds(rows)
        # The k-th smallest distance is at most the k-th smallest bound, of all or of some bounds, plus the slack.
        kth = np.partition(_some_smallest(bounds), most, axis=1)[:, most] + distances.slack[rows]
        for i, _, squared in distances.pairs(rows, bounds <= _above(kth)[:, None]):
            order = np.lexsort((squared, i))
            own, first = np.unique(i[order], return_index=True)
            # The nearest of each row is the point itself, at distance 0, so position k is the k-th other point.
            for radius, count, k in zip(radii, others, ks, strict=True):
                radius[own] = squared[order][first + k]
                near = i[squared <= radius[i]] - rows.start
                count[own] = np.bincount(near, minlength=rows.stop - rows.start)[own - rows.start] - 1

    _over_blocks(len(points), work)
    return radii, others


@dataclasses.dataclass(frozen=True, eq=False)
class Manifold:
    """Reference features and their squared radii, float64, at k = 3 and k = 5.

    `neighbours` is the number of other points in each ball at k = 5: 5, or more if distances are tied.
    """

    features: Float[np.ndarray, "m f"]
    precision_radii: Float[np.ndarray, " m"]
    density_radii: Float[np.ndarray, " m"]
    neighbours: Int64[np.ndarray, " m"]

    @classmethod
    def of(cls, features: Float[np.ndarray, "m f"]) -> "Manifold":
        """Compute it from features, m at least 6."""
        x = np.asarray(features, np.float64)
        radii, others = _squared_radii(x, (PRECISION_K, DENSITY_K))
        return cls(x, radii[0], radii[1], others[1])


def inside(features: Float[np.ndarray, "n f"], manifold: Manifold) -> Bool[np.ndarray, " n"]:
    """Which samples with these features lie in a ball of the reference at k = 3; the mean is precision."""
    x = np.asarray(features, np.float64)
    found = np.zeros(len(x), bool)
    distances = _Distances(x, manifold.features)

    def work(rows: slice) -> None:
        chosen = distances.bounds(rows) <= _above(manifold.precision_radii)
        for i, j, squared in distances.pairs(rows, chosen):
            found[i[squared <= manifold.precision_radii[j]]] = True

    _over_blocks(len(x), work)
    return found


def manifold_metrics(features: Float[np.ndarray, "n f"], manifold: Manifold) -> dict[str, Score]:
    """Precision and recall (k=3), density and coverage (k=5), by name.

    Definitions: :cite:`kynkaanniemi2019` eq. 1 and 2, :cite:`naeem2020` eq. 2 and 3. For density each ball's samples
    are divided by the number of other reference points in it, which is k unless distances are tied; so real data score
    about 1 with ties, too. A set scores 1 against itself, and for density (k + 1)/k, since balls hold their centres.

    Standard errors are over draws of samples, for a given reference: for precision, a share of samples, binomial; for
    density the standard deviation of the counts over √n; for recall and coverage, shares of the reference's points, of
    which near ones are reached by the same samples, see `design_effect`.

    Args:
        features: of the samples, n at least 4.
        manifold: that of the reference.
    """
    x = np.asarray(features, np.float64)
    n, m = len(x), len(manifold.features)
    radii = _squared_radii(x, (PRECISION_K,))[0][0]
    inside, reached, covered = np.zeros(n, bool), np.zeros(m, bool), np.zeros(m, bool)
    density, worth = np.zeros(n), 1 / manifold.neighbours
    recall, coverage = Reach(n, m), Reach(n, m)
    distances = _Distances(x, manifold.features)

    def work(rows: slice) -> None:
        bounds = distances.bounds(rows)
        chosen = (bounds <= _above(manifold.density_radii)) | (bounds <= _above(radii[rows, None]))
        reaches, covers = np.zeros((2, *bounds.shape), bool)
        for i, j, squared in distances.pairs(rows, chosen):
            # Safe with threads: each writes to its own rows, or writes only True.
            inside[i[squared <= manifold.precision_radii[j]]] = True
            far, near = squared <= radii[i], squared <= manifold.density_radii[j]
            reaches[i[far] - rows.start, j[far]] = covers[i[near] - rows.start, j[near]] = True
            width = rows.stop - rows.start
            density[rows] += np.bincount(i[near] - rows.start, worth[j[near]], minlength=width)
        reached[reaches.any(0)] = covered[covers.any(0)] = True
        recall.add(rows, reaches)
        coverage.add(rows, covers)

    _over_blocks(n, work)
    return {
        "precision": Score(inside.mean(), inside.std() / np.sqrt(n)),
        "recall": recall.score(reached),
        "coverage": coverage.score(covered),
        "density": Score(density.mean(), density.std(ddof=1) / np.sqrt(n)),
    }


def manifold_of(real: Reference) -> Manifold:
    """The manifold of the reference's features, computed once."""
    return real.once(Manifold.of, real.features)


def _prepare(name: str) -> Callable[[Reference], Prepared]:
    """Prepare one of the four metrics, which one pass over the distances computes together."""

    def prepare(real: Reference) -> Prepared:
        manifold = manifold_of(real)
        return Prepared(
            f"{HALF}, {real.view}",
            lambda samples: samples.once(manifold_metrics, samples.features, manifold)[name],
        )

    return prepare


PRECISION = Metric(
    "precision",
    label="precision",
    summary="share of samples inside the reference manifold (k=3): fidelity",
    source="Kynkäänniemi et al. 2019",
    better="higher",
    meaning="share of samples inside the real data's k-nearest-neighbour balls, k = 3",
    prepare=_prepare("precision"),
    version=2,
)
RECALL = Metric(
    "recall",
    label="recall",
    summary="share of the reference inside the samples' manifold (k=3): variety",
    source="Kynkäänniemi et al. 2019",
    better="higher",
    meaning="share of real data inside the samples' k-nearest-neighbour balls, k = 3",
    prepare=_prepare("recall"),
    version=3,
)
DENSITY = Metric(
    "density",
    label="density",
    summary=("neighbourhoods of the reference (k=5) that hold a sample, per sample over k: fidelity"),
    source="Naeem et al. 2020",
    better="one",
    meaning="mean number of real balls that hold a sample, over k, k = 5; real data score about 1",
    prepare=_prepare("density"),
    version=2,
)
COVERAGE = Metric(
    "coverage",
    label="coverage",
    summary="share of the reference's neighbourhoods (k=5) that hold a sample: variety",
    source="Naeem et al. 2020",
    better="higher",
    meaning="share of real balls that hold at least one sample, k = 5",
    prepare=_prepare("coverage"),
    version=3,
)
