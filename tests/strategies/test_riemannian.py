"""The metric against a direct computation, and chains against the density that it defines."""

from typing import Any

import jax
import numpy as np
import pytest

from study.errors import CannotFit, StudyError
from study.latents import Latents
from study.strategies import strategy

FIT, DRAW = jax.random.key(0), jax.random.key(1)


@pytest.mark.integration
def test_volume_is_that_of_the_metric(plane: Latents) -> None:
    fitted: Any = strategy("riemannian", centroids=12, rho=1.5, tau=0.1, regularisation=0.01).fit(FIT, plane)
    z = np.random.default_rng(0).normal(size=(7, 2)) * 3
    for one, found in zip(z, fitted.log_volume(z), strict=True):
        metric = 0.01 * np.exp(-0.1 * one @ one) * np.eye(2)
        for mean, log_var in zip(fitted.mean, fitted.log_var, strict=True):
            precision = np.diag(np.exp(-log_var.astype(np.float64)))
            away = one - mean
            metric += precision * np.exp(-(away @ precision @ away) / 1.5**2)
        assert found == pytest.approx(0.5 * np.linalg.slogdet(metric)[1], abs=1e-4)


@pytest.mark.integration
def test_one_kernel_is_a_gaussian() -> None:
    """With one centroid √det G is a Gaussian of covariance Σ ρ²/d; 10,000 chains agree within five standard errors."""
    codes = Latents(np.array([[1.0, -2.0], [1.0, -2.0]]), np.log([[0.04, 0.25]] * 2))
    fields: dict[str, Any] = {"centroids": 2, "rho": 2.0, "regularisation": 1e-20, "chain_steps": 100}
    fitted: Any = strategy("riemannian", **fields).fit(FIT, codes)
    assert fitted.info["centroids"] == 1
    z = fitted.sample(DRAW, n=10_000).astype(np.float64)
    sd = np.sqrt(np.array([0.04, 0.25]) * 2.0**2 / 2)
    np.testing.assert_array_less(np.abs(z.mean(0) - [1.0, -2.0]), 5 * sd / 100)
    np.testing.assert_allclose(z.std(0), sd, rtol=5 / np.sqrt(2 * 10_000))
    assert 0.8 < fitted.info["acceptance_rate"] <= 1


@pytest.mark.slow
def test_chains_follow_the_volume() -> None:
    """Six overlapping kernels in 1-D: a histogram of 20,000 chains against √det G by quadrature."""
    mean = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 2.5])[:, None]
    codes = Latents(mean, np.log([0.1, 0.2, 0.1, 0.3, 0.1, 0.1])[:, None])
    fields: dict[str, Any] = {"choice": "random", "tau": 1.0, "chain_steps": 150}
    fitted: Any = strategy("riemannian", **fields).fit(FIT, codes)
    grid = np.linspace(-8, 8, 1601)[:-1, None] + 0.005
    p = np.exp(fitted.log_volume(grid))
    share = (p / p.sum()).reshape(64, 25).sum(1)
    z = fitted.sample(DRAW, n=20_000)[:, 0]
    found = np.histogram(z, np.linspace(-8, 8, 65))[0] / 20_000
    np.testing.assert_array_less(np.abs(found - share), 5 * np.sqrt(share / 20_000) + 1e-3)


@pytest.mark.integration
def test_draws_stay_near_the_codes(classes: Latents) -> None:
    """Three classes 20 apart: a metric of covariances instead of precisions would put draws between the classes."""
    fitted: Any = strategy("riemannian", rho=2.0).fit(FIT, classes)
    z = fitted.sample(DRAW, n=500)
    away = np.linalg.norm(z[:, None] - classes.mean[None], axis=2).min(1)
    assert np.quantile(away, 0.95) < 3
    assert fitted.info["centroids"] <= 100 and fitted.info["codes"] == 300
    assert fitted.info["strategy"] == "riemannian"
    numbers = [value for name, value in fitted.info.items() if name != "strategy"]
    assert all(type(value) in (int, float, bool) for value in numbers)


@pytest.mark.usefixtures("unchecked")
def test_errors(plane: Latents) -> None:
    with pytest.raises(StudyError, match="choice must be 'random' or 'k-means', got 'grid'"):
        strategy("riemannian", choice="grid")
    with pytest.raises(StudyError, match="tau must be positive, got 0"):
        strategy("riemannian", tau=0.0)
    with pytest.raises(CannotFit, match="'riemannian': the centroids are all equal; give rho"):
        strategy("riemannian").fit(FIT, Latents(np.ones((5, 2)), np.zeros((5, 2))))
    with pytest.raises(StudyError, match=r"log_volume: z must be \[n, 2\], got \[4\]"):
        strategy("riemannian", centroids=5).fit(FIT, plane).log_volume(np.zeros(4))
