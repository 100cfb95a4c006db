"""Distances between draws of q(z) and as many draws of the prior, each with its null value.

None of the three is zero between two finite sets of one distribution, so each comes with a null value, which two sets
of n prior draws exceed in 5 % of cases. Below it, q(z) is not distinguishable from the prior. For a prior that was
learned with the model, both the distance and its null use that prior's draws.
"""

import dataclasses
import functools
import math
from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Bool, Float, Float64
from scipy.spatial.distance import cdist
from scipy.special import ndtri

from study.latents.aggregate import AggregatePosterior
from study.latents.base import Latents, require_latents
from study.latents.directions import directions
from study.latents.logistic import decisions, standardised
from study.latents.placements import placements
from study.latents.prior import PriorDensity
from study.latents.surgery import Estimate
from study.models.mmd import inverse_multiquadric
from study.runtime.blocks import slices
from study.runtime.checks import whole_number
from study.runtime.drawing import generator, split
from study.runtime.keys import Key, as_key

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
NULL = 0.95  # quantile
FOLDS = 5
PRODUCTS = 465  # the most columns, those of 30 dimensions: a step of the regression costs their cube
POOLS, SPLITS = 4, 50  # for a simulated null: sets of 2n prior draws, and random halvings of each
_BLOCK = 64  # rows of a kernel at once: they stay in the cache


@dataclasses.dataclass(frozen=True)
class TwoSample:
    """A distance, and its 95 % quantile between two sets of as many prior draws."""

    estimate: Estimate
    null_high: float


def two_sample(
    key: Key, latents: Latents, *, draws: int, prior: PriorDensity | None = None
) -> dict[str, TwoSample]:
    """`latent_mmd`, `latent_sliced_w2` and `latent_c2st` between q(z) and the prior, `draws` of each.

    A learned prior (None is N(0, I)) leaves the scale of z free, and the first two depend on that scale: compare them
    with their null, not between models.
    """
    require_latents("two_sample", latents)
    key, draws = as_key(key), whole_number(draws, name="draws", least=1)
    posterior_key, prior_key = split(key)
    x = AggregatePosterior(latents).sample(posterior_key, n=draws)
    if prior is None:
        y = np.asarray(jax.random.normal(prior_key, x.shape))
        null = prior_null(draws, latents.d)
    else:
        y = prior.sample(prior_key, n=draws)
        null = simulated_null(
            jax.random.fold_in(prior_key, 1), draws, lambda key: prior.sample(key, n=2 * draws)
        )
    return {
        "latent_mmd": TwoSample(mmd(x, y), null.mmd),
        "latent_sliced_w2": TwoSample(sliced_w2(x, y), null.sliced_w2),
        "latent_c2st": TwoSample(c2st(x, y), null.c2st),
    }


def mmd(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "n d"]) -> Estimate:
    """Squared maximum mean discrepancy of x and y, unbiased, so it may be negative.

    The kernel is the inverse multiquadric Σₛ Cₛ/(Cₛ + |x−y|²) with Cₛ = 2ds for seven scales s, where 2d is the mean
    squared distance of two draws of N(0, I) :cite:`tolstikhin2018`; the estimate is the U-statistic of
    :cite:`gretton2012`, lemma 6. The standard error is of first order, so it tends to zero if x and y agree.
    """
    n = len(x)
    x_sums, y_sums = (_kernel_sums(a, a)[0] - len(SCALES) for a in (x, y))  # a kernel is 1 at distance zero
    x_across, y_across = _kernel_sums(x, y)
    value = (x_sums + y_sums).sum() / (n * (n - 1)) - 2 * x_across.sum() / n**2
    variance = sum(
        np.var(own / (n - 1) - across / n, ddof=1) for own, across in ((x_sums, x_across), (y_sums, y_across))
    )
    return Estimate(float(value), 2 * math.sqrt(variance / n), n)


def sliced_w2(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "n d"]) -> Estimate:
    """Squared sliced Wasserstein-2 distance of x and y :cite:`bonneel2015`.

    The mean of the squared distance along fixed directions, which form whole orthonormal bases; along a direction the
    optimal coupling is by rank. A shift δ gives |δ|²/d. The standard error is of first order, from the dual potentials,
    whose slope at a point is twice its distance to its partner :cite:`delbarrio2019`.
    """
    x, y = (_projections(a) for a in (x, y))
    orders = np.argsort(x, axis=1), np.argsort(y, axis=1)
    ordered = [np.take_along_axis(a, order, 1) for a, order in zip((x, y), orders, strict=True)]
    gap = ordered[0] - ordered[1]
    variance = 0.0
    for points, order, sign in zip(ordered, orders, (1, -1), strict=True):
        rises = sign * (gap[:, 1:] + gap[:, :-1]) * np.diff(points, axis=1)
        potential = np.empty_like(points)
        np.put_along_axis(potential, order, np.pad(np.cumsum(rises, axis=1), ((0, 0), (1, 0))), 1)
        variance += potential.mean(0).var(ddof=1)
    return Estimate(float(np.square(gap).mean()), math.sqrt(variance / x.shape[1]), x.shape[1])


def c2st(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "n d"]) -> Estimate:
    """Area under the ROC curve of a classifier between x and y, n at least 5 :cite:`lopezpaz2017`.

    A logistic regression on z and all squares and products, which detects shifts, scales and correlations; in more than
    30 dimensions, where there are too many products, on squares along the axes and along fixed directions. The value is
    the mean over five held-out folds; ½ if the sets are indistinguishable. The standard error is that of ranks under
    the null, where it is largest.
    """
    n = len(x)
    z = np.concatenate([x, y]).astype(np.float64)
    columns = standardised(np.hstack([z, _second_order(z)]))
    from_x = np.arange(2 * n) < n
    tested = np.arange(2 * n) % n % FOLDS == np.arange(FOLDS)[:, None]
    odds = decisions(columns, from_x, ~tested)
    values = [
        placements(odd[test & from_x], odd[test & ~from_x]).mean()
        for odd, test in zip(odds, tested, strict=True)
    ]
    return Estimate(float(np.mean(values)), _auc_spread(n), n)


def _second_order(z: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n products"]:
    """Squares and products of z, or squares alone where d is large."""
    i, j = np.triu_indices(z.shape[1])
    return z[:, i] * z[:, j] if len(i) <= PRODUCTS else np.square(np.hstack([z, _projections(z).T]))


def _auc_spread(n: int) -> float:
    """Standard deviation of the area, averaged over folds, if the sets have one distribution.

    (2n+1)/(12n²) is the rank statistic's variance if scores do not depend on the examples. Two examples of different
    folds train each other's classifiers, so that their pair counts twice, which doubles the variance.
    """
    return math.sqrt(2 * (2 * n + 1) / (12 * n**2))


@dataclasses.dataclass(frozen=True)
class Null:
    """The 95 % quantile of each statistic between two sets of n prior draws."""

    mmd: float
    sliced_w2: float
    c2st: float


@functools.cache
def prior_null(n: int, d: int) -> Null:
    """The nulls for `[n, d]` of N(0, I), simulated with fixed keys."""
    return simulated_null(jax.random.key(0), n, lambda key: np.asarray(jax.random.normal(key, (2 * n, d))))


def simulated_null(key: jax.Array, n: int, draw: Callable[[jax.Array], Float[np.ndarray, "n d"]]) -> Null:
    """The nulls of two sets of n draws, from random halves of pools of 2n; c2st in closed form.

    `draw` returns a pool for a key.
    """
    mmds, distances = [], []
    for pool_key in split(key, POOLS):
        draw_key, split_key = split(pool_key)
        pool = draw(draw_key)
        rng = generator(split_key)
        first = np.zeros((2 * n, SPLITS), bool)
        for column in first.T:
            column[rng.permutation(2 * n)[:n]] = True
        mmds.append(_mmd_of_splits(pool, first))
        projected = _projections(pool)
        order = np.argsort(projected, axis=1)
        ordered = np.take_along_axis(projected, order, 1)
        for column in first.T:
            side = column[order]
            gap = ordered[side].reshape(-1, n) - ordered[~side].reshape(-1, n)
            distances.append(np.square(gap).mean())
    c2st_high = 0.5 + float(ndtri(NULL)) * _auc_spread(n)
    return Null(
        float(np.quantile(np.concatenate(mmds), NULL)), float(np.quantile(distances, NULL)), c2st_high
    )


def _mmd_of_splits(
    pool: Float[np.ndarray, "both d"], first: Bool[np.ndarray, "both splits"]
) -> Float[np.ndarray, " splits"]:
    """`mmd` of the two halves of the pool, for each of the halvings."""
    n = len(pool) // 2
    halves = first.astype(np.float64)
    within = np.zeros(halves.shape[1])
    total = 0.0
    column_sums = np.zeros(len(pool))
    for rows in slices(len(pool), _BLOCK):
        kernel = _kernel(pool[rows], pool)
        kernel[np.arange(len(kernel)), np.arange(rows.start, rows.stop)] = 0
        within += (halves[rows] * (kernel @ halves)).sum(0)
        column_sums += kernel.sum(0)
        total += kernel.sum()
    across = column_sums @ halves - within  # each pair once
    # pairs of the same row number in x and y count too, as in `mmd`
    return (total - 2 * across) / (n * (n - 1)) - 2 * across / n**2


def _kernel(x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"]) -> Float[np.ndarray, "n m"]:
    return inverse_multiquadric(cdist(x, y, "sqeuclidean"), x.shape[1], SCALES)


def _kernel_sums(
    x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " m"]]:
    """Σⱼ k(xᵢ, yⱼ) and Σᵢ k(xᵢ, yⱼ), in blocks."""
    rows, columns = np.zeros(len(x)), np.zeros(len(y))
    for some in slices(len(x), _BLOCK):
        kernel = _kernel(x[some], y)
        rows[some] = kernel.sum(1)
        columns += kernel.sum(0)
    return rows, columns


def _projections(z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, "P n"]:
    """z along the fixed directions."""
    return directions(z.shape[1]).astype(np.float64).T @ z.T.astype(np.float64)
