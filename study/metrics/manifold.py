"""Precision, recall, density and coverage: is a sample where data are, and are samples where data are?

A manifold is a union of balls around points, each as wide as the distance to its k-th nearest neighbour. The
conventions are those of the authors' package `prdc`: a point is not its own neighbour, and balls are open.
Distances are taken by differences in float64, so that equal rows are at distance zero and ties are ties.
"""

import dataclasses

import numpy as np
from scipy.spatial.distance import cdist

from study.metrics.base import Measurement
from study.metrics.registry import measured

PRECISION_K = 3
DENSITY_K = 5
_BLOCK = 1024


def _squared_radii(points: np.ndarray, ks: tuple[int, ...]) -> np.ndarray:
    """Squared distance to the k-th nearest other point for each k, `[len(ks), n]`."""
    blocks = []
    for start in range(0, len(points), _BLOCK):
        distances = cdist(points[start : start + _BLOCK], points, "sqeuclidean")
        # The smallest entry of each row is the point itself, at zero, so position k is the k-th other.
        blocks.append(np.partition(distances, ks, axis=1)[:, ks])
    return np.concatenate(blocks).T


@dataclasses.dataclass(frozen=True, eq=False)
class Manifold:
    """Reference features `[m, f]` float64 and their squared radii `[m]` at k = 3 and k = 5."""

    features: np.ndarray
    precision_radii: np.ndarray
    density_radii: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray) -> "Manifold":
        """From features `[m, f]`, m at least 6."""
        x = np.asarray(features, np.float64)
        return cls(x, *_squared_radii(x, (PRECISION_K, DENSITY_K)))


def manifold_metrics(features: np.ndarray, manifold: Manifold, *, reference: str) -> list[Measurement]:
    """Precision and recall (k=3), density and coverage (k=5), in this order.

    Definitions: :cite:`kynkaanniemi2019` eq. 1 and 2, :cite:`naeem2020` eq. 2 and 3.

    Standard errors: binomial for the three shares, as if the balls were given, and the standard deviation of
    the counts over √n for density. Recall and coverage are shares of the reference's points.

    Args:
        features: `[n, f]` of the samples, n at least 4.
        manifold: the reference's side, computed once.
        reference: what to call it.
    """
    x = np.asarray(features, np.float64)
    n, m = len(x), len(manifold.features)
    radii = _squared_radii(x, (PRECISION_K,))[0]
    inside, counts = np.empty(n, bool), np.empty(n)
    reached, nearest = np.zeros(m, bool), np.full(m, np.inf)
    for start in range(0, n, _BLOCK):
        rows = slice(start, start + _BLOCK)
        distances = cdist(x[rows], manifold.features, "sqeuclidean")
        inside[rows] = (distances < manifold.precision_radii).any(axis=1)
        counts[rows] = (distances < manifold.density_radii).sum(axis=1)
        reached |= (distances < radii[rows, None]).any(axis=0)
        np.minimum(nearest, distances.min(axis=0), out=nearest)
    density = counts / DENSITY_K
    shares = {"precision": inside, "recall": reached, "coverage": nearest < manifold.density_radii}
    found = {
        name: measured(name, hits.mean(), hits.std() / np.sqrt(len(hits)), n=n, reference=reference)
        for name, hits in shares.items()
    }
    stderr = density.std(ddof=1) / np.sqrt(n)
    found["density"] = measured("density", density.mean(), stderr, n=n, reference=reference)
    return [found[name] for name in ("precision", "recall", "density", "coverage")]
