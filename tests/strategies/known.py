"""Known densities: exact sampler, exact log-density, and codes whose q(z) is a sample of them.

test_recovery.py tests strategies on them. Every code has its own noise, so a strategy that omits the noise or gives it
the wrong scale does not recover the density.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp

from study.latents import Latents


@dataclasses.dataclass(frozen=True, eq=False)
class Known:
    """A known density.

    Attributes:
        name: its name in tables.
        d: its dimension.
        log_prob: log-density in nats at z `[n, d]` float64, `[n]`.
        centres: of a random generator and n, `[n, d]`: posterior means, narrower than the density by the noise.
        noise: `[d]`, standard deviation of every q(z|x_n); mean plus noise follows the density.
    """

    name: str
    d: int
    log_prob: Callable[[np.ndarray], np.ndarray]
    centres: Callable[[np.random.Generator, int], np.ndarray]
    noise: np.ndarray

    def codes(self, rng: np.random.Generator, n: int) -> Latents:
        """n posteriors whose aggregate is a sample of the density."""
        mean = self.centres(rng, n)
        return Latents(mean, np.broadcast_to(2 * np.log(self.noise), mean.shape))

    def sample(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """n draws `[n, d]` float64."""
        return self.centres(rng, n) + self.noise * rng.normal(size=(n, self.d))


def _log_normal(z: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    root = np.linalg.cholesky(covariance)
    white = np.linalg.solve(root, (z - mean).T)
    return -0.5 * (white**2).sum(0) - np.log(np.diag(root)).sum() - 0.5 * len(mean) * np.log(2 * np.pi)


def _mixture(
    name: str, weights: np.ndarray, means: np.ndarray, covariances: np.ndarray, noise: float
) -> Known:
    k, d = means.shape
    roots = np.linalg.cholesky(covariances - noise**2 * np.eye(d))

    def log_prob(z: np.ndarray) -> np.ndarray:
        parts = [_log_normal(z, m, c) for m, c in zip(means, covariances, strict=True)]
        return logsumexp(parts, axis=0, b=weights[:, None])

    def centres(rng: np.random.Generator, n: int) -> np.ndarray:
        component = rng.choice(k, n, p=weights)
        return means[component] + np.einsum("nij,nj->ni", roots[component], rng.normal(size=(n, d)))

    return Known(name, d, log_prob, centres, np.full(d, noise))


def _gaussian() -> Known:
    """N(m, C) in 4-D, neighbours correlated by 0.8, standard deviations from 0.5 to 2."""
    scale = np.array([0.5, 1.0, 2.0, 1.0])
    correlation = 0.8 ** np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    covariance = correlation * np.outer(scale, scale)
    return _mixture("gaussian", np.ones(1), np.array([[1.0, -2.0, 0.0, 3.0]]), covariance[None], noise=0.15)


def _ring() -> Known:
    """8 equal components of standard deviation 0.2 on a circle of radius 2."""
    angle = 2 * np.pi * np.arange(8) / 8
    means = 2 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return _mixture("ring", np.full(8, 1 / 8), means, np.tile(0.04 * np.eye(2), (8, 1, 1)), noise=0.1)


def _banana() -> Known:
    """z_1 ~ N(0, 1), z_2 = z_1² - 1 + N(0, 0.4²), and z_3, z_4 normal with correlation 0.8.

    The codes' noise along z_1 is 1e-4, since more would bend the density; this changes it by less than 1e-6 nats.
    """
    pair = np.array([[1.0, 0.8], [0.8, 1.0]])
    noise = np.array([1e-4, 0.2, 0.3, 0.3])
    root = np.linalg.cholesky(pair - 0.09 * np.eye(2))

    def log_prob(z: np.ndarray) -> np.ndarray:
        bend = (z[:, 1] - z[:, 0] ** 2 + 1) / 0.4
        first = -0.5 * (z[:, 0] ** 2 + bend**2) - np.log(0.4) - np.log(2 * np.pi)
        return first + _log_normal(z[:, 2:], np.zeros(2), pair)

    def centres(rng: np.random.Generator, n: int) -> np.ndarray:
        first, second = rng.normal(size=(2, n))
        bend = first**2 - 1 + np.sqrt(0.4**2 - noise[1] ** 2) * second
        return np.column_stack([first, bend, rng.normal(size=(n, 2)) @ root.T])

    return Known("banana", 4, log_prob, centres, noise)


def _mixture_16() -> Known:
    """10 unequal components in 16-D, each with its own covariance, about three standard deviations apart."""
    rng = np.random.default_rng(16)
    weights = np.arange(1.0, 11.0)
    covariances = []
    for _ in range(10):
        rotation, _ = np.linalg.qr(rng.normal(size=(16, 16)))
        covariances.append((rotation * np.geomspace(0.1, 1.0, 16)) @ rotation.T)
    means = 0.6 * rng.normal(size=(10, 16))
    return _mixture("mixture-16", weights / weights.sum(), means, np.array(covariances), noise=0.2)


KNOWN: dict[str, Known] = {known.name: known for known in (_gaussian(), _ring(), _banana(), _mixture_16())}
