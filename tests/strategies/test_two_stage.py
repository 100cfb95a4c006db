"""The second VAE: its noise is learned, and its draws have the spread of the codes."""

import dataclasses
from typing import Any

import jax
import numpy as np
import pytest

from study.latents import Latents
from study.strategies import strategy

pytestmark = pytest.mark.integration

FIT, DRAW = jax.random.key(0), jax.random.key(1)


def line(n: int) -> Latents:
    """Codes along a line in 3-D: variance 4 along it, 0.09 across, of which 0.05 come from the posteriors."""
    rng = np.random.default_rng(0)
    axis = np.array([1.0, 2.0, 2.0]) / 3
    mean = 2 * np.sqrt(1 - 0.05 / 4) * rng.normal(size=(n, 1)) * axis
    across = rng.normal(size=(n, 3)) * 0.2
    return Latents(mean + across - (across @ axis)[:, None] * axis, np.full((n, 3), np.log(0.05)))


def test_noise_is_learned_and_drawn() -> None:
    """Probabilistic PCA in closed form: γ² is the variance across the line, and the draws' covariance the codes'.

    The optimum is reached within a few per cent; with γ fixed at 1 the trace would be too large because of the noise.
    """
    codes = line(4000)
    fitted: Any = strategy("two-stage", steps=3000, width=32, learning_rate=3e-3).fit(FIT, codes)
    assert abs(fitted.info["gamma"] / 0.3 - 1) < 0.1
    z = fitted.sample(DRAW, n=20_000).astype(np.float64)
    exact = np.cov(codes.mean, rowvar=False) + 0.05 * np.eye(3)
    values, vectors = np.linalg.eigh(np.cov(z, rowvar=False))
    np.testing.assert_allclose(values, np.linalg.eigvalsh(exact), rtol=0.15)
    assert abs(np.trace(np.cov(z, rowvar=False)) / np.trace(exact) - 1) < 0.1
    assert abs(vectors[:, -1] @ np.array([1.0, 2.0, 2.0]) / 3) > 0.995


def test_draws_hold_the_noise() -> None:
    """Draws minus the decoder's output at the same u have variance γ², within five standard errors."""
    fitted: Any = strategy("two-stage", steps=50, width=16).fit(FIT, line(500))
    bare = dataclasses.replace(fitted, gamma=0.0)
    noise = (fitted.sample(DRAW, n=20_000) - bare.sample(DRAW, n=20_000)).astype(np.float64)
    gamma = fitted.info["gamma"]
    np.testing.assert_allclose(noise.var(0), gamma**2, rtol=5 * np.sqrt(2 / 20_000))
    np.testing.assert_array_less(np.abs(noise.mean(0)), 5 * gamma / np.sqrt(20_000))
    assert not hasattr(fitted, "log_prob")
