"""C_T: are samples systematically nearer to the training data than held-out data are, region by region?"""

import numpy as np
from jaxtyping import Float, Int, Integer
from scipy.spatial.distance import cdist

from study.latents.placements import placements
from study.metrics.base import Metric, Prepared, Score, no_score
from study.metrics.reference import HALF, Reference

_PER_CELL = 50  # approximate number of held-out examples in a cell
_MOST_CELLS = 20
_FEWEST = 5  # samples and held-out examples that a cell needs
_FITTED = 4000  # training examples to which the cells are fitted


class Cells:
    """Regions of data space: k-means cells of the training data, fewer if n is small."""

    def __init__(self, train: Float[np.ndarray, "N D"], *, n: int) -> None:
        # which reports that only name the metric need not load
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits

        k = min(max(1, n // _PER_CELL), _MOST_CELLS, len(train))
        some = train[:: -(-len(train) // _FITTED)]
        with threadpool_limits(1):  # the order of its sums, and so the cells, depend on the number of threads
            self.centres = KMeans(k, n_init=1, max_iter=25, random_state=0).fit(some).cluster_centers_

    def of(self, x: Float[np.ndarray, "n D"]) -> Int[np.ndarray, " n"]:
        """The index of the cell of each x."""
        return cdist(x, self.centres, "sqeuclidean").argmin(axis=1)


def c_t(
    samples: tuple[Float[np.ndarray, " n"], Integer[np.ndarray, " n"]],
    held_out: tuple[Float[np.ndarray, " m"], Integer[np.ndarray, " m"]],
) -> Score:
    """Data-copying test C_T :cite:`meehan2020`: negative where samples lie too near to the training data.

    In each cell the distances to the nearest training example are compared by the Mann-Whitney statistic as a Z-value:
    standard normal if both sides have one distribution, negative if samples are nearer, positive if they are farther,
    as samples of an underfitted model are. C_T is the mean over cells, weighted by their share of the held-out data.
    Cells with fewer than 5 samples or held-out examples are left out, as in the paper.

    The paper uses the nearest training example within the cell; here it is the nearest of all, which differs only at
    the border of a cell. A Z-value grows with the root of the number of samples, so compare C_T at equal n only.
    The standard error is DeLong's :cite:`delong1988`, over samples of both sides for given training data.

    Args:
        samples: distance of each sample to its nearest training example, squared or not, and its cell.
        held_out: the same for held-out data.

    Returns:
        The score; without a value if no cell has enough of both.
    """
    total, value, variance = 0, 0.0, 0.0
    for cell in np.unique(held_out[1]):
        x, y = (distances[cells == cell] for distances, cells in (samples, held_out))
        if min(len(x), len(y)) >= _FEWEST:
            z, spread = _z_value(x, y)
            total += len(y)
            value += len(y) * z
            variance += len(y) ** 2 * spread
    if not total:
        return no_score(f"no cell holds {_FEWEST} samples and {_FEWEST} held-out examples")
    return Score(value / total, np.sqrt(variance) / total)


def _z_value(x: Float[np.ndarray, " a"], y: Float[np.ndarray, " b"]) -> tuple[float, float]:
    """Mann-Whitney Z of x against y, negative where x is smaller, and its variance."""
    a, b = len(x), len(y)
    above, below = placements(x, y), placements(y, x)
    scale = np.sqrt((a + b + 1) / (12 * a * b))  # of the mean placement, if both sides have one distribution
    variance = above.var(ddof=1) / a + below.var(ddof=1) / b
    return (above.mean() - 0.5) / scale, variance / scale**2


def _prepare(real: Reference) -> Prepared:
    cells = Cells(real.data.train, n=real.n)
    held_out = real.near[0].nearest(real.real)[0], cells.of(real.real)
    return Prepared(
        f"{HALF}, {len(cells.centres)} cells, {real.values}, null 0",
        lambda samples: c_t((samples.nearest_train[0], cells.of(samples.x)), held_out),
    )


C_T = Metric(
    "c_t",
    label="C_T",
    summary=(
        "Mann-Whitney Z of distances to training data against those of held-out data, by cells; < 0 is copying"
    ),
    source="Meehan et al. 2020",
    better="higher",
    meaning=(
        "data-copying test: Z-value of the distances to the nearest training example against those of "
        "held-out data, region by region; below 0 is copying, above 0 underfitting; grows with n"
    ),
    group="novelty",
    prepare=_prepare,
    once=True,
    version=2,
)
