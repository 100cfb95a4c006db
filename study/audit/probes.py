"""Numbers about the decoder and about q(z) that the general tables do not hold, each from codes and decoder alone."""

import dataclasses
import math
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Float64

from study.audit.codes import Codes
from study.data.base import Dataset
from study.latents import AggregatePosterior
from study.latents.surgery import HOLE_QUANTILE
from study.runtime.drawing import split
from study.strategies import strategy
from study.strategies.base import with_labels

MOST = 2000  # examples of each number
NEIGHBOURS, BLOCK = 20, 100
RIDGE = 1e-6  # relative to the mean variance of a code: for dimensions that do not vary


@dataclasses.dataclass(frozen=True)
class Probes:
    """Shares are of the variance of held-out data around the mean of train, summed over its dimensions.

    Attributes:
        unexplained: share that reconstructions from draws of q(z|x) lose.
        unexplained_mean: share that reconstructions from posterior means lose.
        simple: share that the better of two simple decoders loses, made from codes of train without any training: the
            least-squares linear map, and the mean of the examples with the nearest codes.
        moved: variance of decoded draws of q(z).
        jitter: mean squared distance of a decoded draw of q(z|x) from the decoded mean.
        scale: root of the mean square of a code's dimensions; 1 under N(0, I).
        gaussian_hole_mass: share of draws of a Gaussian with the moments of q(z) at which q(z) is lower than at 99 % of
            held-out codes; 0.01 if q(z) is Gaussian.
        hole_mass_stderr: its standard error.
        location_scale_kl: KL in nats from N(0, τ² I) to the Gaussian with the mean and variances of q(z), τ² the mean
            square of all dimensions: what differs between dimensions in location and scale.
        correlation_kl: −½ log det of the correlations of q(z), in nats.
        widest: the two dimensions with the largest correlation, and the correlation.
        shape_kl: Σⱼ KL in nats of the marginals of q(z) from Gaussians of their moments.
    """

    unexplained: float
    unexplained_mean: float
    simple: float
    moved: float
    jitter: float
    scale: float
    gaussian_hole_mass: float
    hole_mass_stderr: float
    location_scale_kl: float
    correlation_kl: float
    widest: tuple[int, int, float]
    shape_kl: float


def probe(key: jax.Array, codes: Codes, data: Dataset, marginal_kl: Float[np.ndarray, " d"]) -> Probes:
    """Measure them.

    Args:
        key: decides all draws.
        codes: of the data set.
        data: the data set.
        marginal_kl: KL(q(zⱼ)‖N(0, 1)) of each dimension in nats, from the table of dimensions.
    """
    draw_key, hole_key, held_key = split(key, 3)
    model, train, held = codes.model, codes.encoded.train, codes.encoded.held_out
    labels = None if held.labels is None else held.labels[:MOST]
    seen = with_labels(model, labels)
    x = data.held_out[:MOST].astype(np.float64)
    z = held.sample(held_key)[:MOST]
    drawn = model.decode(z, *seen).astype(np.float64)
    means = model.decode(held.mean[:MOST], *seen).astype(np.float64)
    total = np.square(x - data.train.mean(0, dtype=np.float64)).sum()
    mean, covariance = AggregatePosterior(train).moments()
    second = float((np.diag(covariance) + mean**2).mean())
    return Probes(
        unexplained=float(np.square(x - drawn).sum() / total),
        unexplained_mean=float(np.square(x - means).sum() / total),
        simple=min(
            float(np.square(x - simple(draw_key, codes, data, z)).sum() / total)
            for simple in (_linear, _nearest)
        ),
        moved=float(np.square(drawn - drawn.mean(0)).sum() / total),
        jitter=float(np.square(drawn - means).sum() / total),
        scale=math.sqrt(second),
        **_holes(hole_key, codes),
        **_moments(mean, covariance, second, marginal_kl),
    )


def _linear(
    key: jax.Array, codes: Codes, data: Dataset, z: Float[np.ndarray, "n d"]
) -> Float64[np.ndarray, "n D"]:
    """Predictions at z of the least-squares map from draws of the codes of train to train."""
    train = codes.encoded.train
    given = train.sample(key).astype(np.float64)
    centre, target = given.mean(0), data.train.mean(0, dtype=np.float64)
    given -= centre
    gram = given.T @ given
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) / len(gram)
    cross = given.astype(np.float32).T @ data.train
    cross -= np.outer(given.sum(0), target).astype(np.float32)
    return (z - centre) @ np.linalg.solve(gram, cross.astype(np.float64)) + target


def _nearest(
    key: jax.Array, codes: Codes, data: Dataset, z: Float[np.ndarray, "n d"]
) -> Float64[np.ndarray, "n D"]:
    """Means of the training examples whose draws of q(z|x) are nearest to z, in units of the posteriors' noise."""
    train = codes.encoded.train
    noise = np.exp(0.5 * train.log_var).mean(0)
    pool, asked = (np.ascontiguousarray(one / noise, np.float32) for one in (train.sample(key), z))
    squares = np.square(pool).sum(1)
    k = min(NEIGHBOURS, train.n)
    found = np.empty((len(z), data.train.shape[1]))
    for start in range(0, len(z), BLOCK):
        distance = squares - 2 * asked[start : start + BLOCK] @ pool.T
        near = np.argpartition(distance, k - 1, axis=1)[:, :k]
        found[start : start + BLOCK] = data.train[near].mean(1, dtype=np.float64)
    return found


def _holes(key: jax.Array, codes: Codes) -> dict[str, Any]:
    """The hole mass of a Gaussian with the moments of q(z)."""
    train, held = codes.encoded.train, codes.encoded.held_out
    fit_key, draw_key, held_key = split(key, 3)
    q = AggregatePosterior(train)
    z = strategy("gaussian-full").fit(fit_key, train).sample(draw_key, n=MOST // 2)
    edge = np.quantile(q.log_prob(held.sample(held_key)), HOLE_QUANTILE)
    share = float((q.log_prob(z) < edge).mean())
    return {"gaussian_hole_mass": share, "hole_mass_stderr": math.sqrt(share * (1 - share) / len(z))}


def _moments(
    mean: Float64[np.ndarray, " d"],
    covariance: Float64[np.ndarray, "d d"],
    second: float,
    marginal_kl: Float[np.ndarray, " d"],
) -> dict[str, Any]:
    """The parts of the mismatch between q(z) and N(0, I) that moments and marginals show."""
    variance = np.maximum(np.diag(covariance), 1e-30)
    gaussian = 0.5 * (variance + mean**2 - 1 - np.log(variance))  # KL of each marginal's moments from N(0, 1)
    relative = 0.5 * ((variance + mean**2) / second - 1 - np.log(variance / second))
    correlation = covariance / np.sqrt(np.outer(variance, variance))
    off = np.abs(correlation - np.diag(np.diag(correlation)))
    i, j = np.unravel_index(int(off.argmax()), off.shape)
    sign, log_det = np.linalg.slogdet(correlation)
    return {
        "location_scale_kl": float(relative.sum()),
        "correlation_kl": float(-0.5 * log_det) if sign > 0 else math.inf,
        "widest": (int(min(i, j)), int(max(i, j)), float(correlation[i, j])),
        "shape_kl": float((marginal_kl - gaussian).sum()),
    }
