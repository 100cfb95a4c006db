"""Sliced Wasserstein distance: optimal transport along fixed directions, which only needs sorting."""

import dataclasses

import jax
import numpy as np
from jaxtyping import Float

from study.errors import StudyError
from study.latents.directions import directions
from study.metrics.base import Metric, Prepared, Score
from study.metrics.reference import HALF, Reference
from study.runtime.drawing import generator

_SPLITS = 24


@dataclasses.dataclass(frozen=True, eq=False)
class Quantiles:
    """Features projected onto P directions.

    Attributes:
        noise: half the difference between the quantiles of two random halves, n // 2 each: about as large as the
            deviation of the quantiles of n samples from the true quantiles.
        growth: by how much the mean square of `noise` exceeds its counterpart from quarters.
    """

    ordered: Float[np.ndarray, "P n"]
    noise: Float[np.ndarray, "24 P half"]
    growth: float

    @classmethod
    def of(cls, features: Float[np.ndarray, "n f"], *, key: jax.Array) -> "Quantiles":
        """Compute them from features, n at least 4; the key draws the halves and quarters."""
        x = np.asarray(features, np.float32)
        n, half, quarter = len(x), len(x) // 2, len(x) // 4
        projected = np.ascontiguousarray((x @ directions(x.shape[1])).T)
        noise = np.empty((_SPLITS, len(projected), half), np.float32)
        rng = generator(key)
        of_quarters = 0.0
        for out in noise:
            shuffled = projected[:, rng.permutation(n)]
            halves = np.sort(shuffled[:, : 2 * half].reshape(-1, 2, half))
            np.subtract(halves[:, 0], halves[:, 1], out=out)
            quarters = np.sort(shuffled[:, : 4 * quarter].reshape(-1, 2, 2, quarter))
            of_quarters += float(np.square(quarters[:, :, 0] - quarters[:, :, 1]).mean()) / _SPLITS
        noise *= np.sqrt(half / (2 * n))  # as if their squares fell as 1/n
        growth = float(np.square(noise).mean()) - of_quarters * quarter / (2 * n)
        return cls(np.sort(projected, axis=1), noise, growth)


def sliced_w2(features: Float[np.ndarray, "n f"], quantiles: Quantiles) -> Score:
    """Squared sliced Wasserstein-2 distance (:cite:`bonneel2015`), minus its expected value for equal distributions.

    Along each direction the optimal coupling of n and n points is by rank, so the distance is exact. Its mean over
    directions is too large by the squared noise of the quantiles of both sides, which is estimated from random halves
    and subtracted. That noise does not fall as 1/n: the squared distance of two samples of n times n still grows with
    n, for normal data as log log n :cite:`bobkov2019`, since the outermost quantiles contribute ever more. Scaling the
    halves' noise by ½ would thus leave a bias of 0.2 to 0.7 standard deviations. So the noise at n is extrapolated in
    log n from that of halves and quarters, which leaves less than 0.15 (0.3 for heavy tails such as Student's t₄). So
    the value is near zero on average if the distributions agree, and may be negative. It is in squared units of the
    features: a shift δ gives |δ|²/f.

    The standard error covers both sides: if quantiles differ by d plus noise e, the value varies by 2 d·e and |e|²,
    whose variances come from the same halves.

    Args:
        features: of the samples.
        quantiles: those of as many rows of the reference.

    Raises:
        StudyError: the reference has another number of rows.
    """
    n, m = len(features), quantiles.ordered.shape[1]
    if n != m:
        raise StudyError(
            f"sliced_w2: needs as many samples as reference rows, got {n} and {m}; cut the larger"
        )
    own = Quantiles.of(features, key=jax.random.key(1))
    gap = own.ordered - quantiles.ordered
    noise = (own.noise - quantiles.noise).reshape(_SPLITS, -1)
    products = (noise @ noise.T).astype(np.float64) / noise.shape[1]
    null = np.trace(products) / _SPLITS + own.growth + quantiles.growth
    value = np.mean(np.square(gap, dtype=np.float64)) - null
    crossed = np.square(products)
    within = (crossed.sum() - np.trace(crossed)) / (_SPLITS * (_SPLITS - 1))
    coarse = gap[:, : 2 * (n // 2)].reshape(len(gap), -1, 2).mean(axis=2).ravel()
    along = np.square((noise @ coarse).astype(np.float64) / noise.shape[1]).mean()
    variance = 4 * max(along - within, 0.0) + 2 * within
    return Score(value, np.sqrt(variance))


def _prepare(real: Reference) -> Prepared:
    quantiles = Quantiles.of(real.features, key=jax.random.key(0))
    return Prepared(f"{HALF}, {real.view}", lambda samples: sliced_w2(samples.features, quantiles))


SLICED_W2 = Metric(
    "sliced_w2",
    label="sliced W₂²",
    summary=(
        "mean squared Wasserstein-2 distance of the features over fixed directions, minus its null value"
    ),
    source="Bonneel et al. 2015",
    better="lower",
    meaning=(
        "squared Wasserstein-2 distance of the features, mean over fixed directions, minus its expected value "
        "for equal distributions at this n; near 0 if the distributions agree, and may be slightly negative"
    ),
    prepare=_prepare,
    version=2,
)
