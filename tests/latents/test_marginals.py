"""KL of one-dimensional mixtures by quadrature, against closed forms and a fine grid in float64."""

import math

import jax
import numpy as np
import pytest
from scipy import stats

from study import Latents, dimension_table
from study.latents.marginals import marginal_kl
from study.latents.one_dimensional import LineMixture


def fine(mean: np.ndarray, log_var: np.ndarray, points: int = 400_001) -> float:
    """The trapezoidal rule in float64, over a grid that resolves every component."""
    scale = np.exp(0.5 * log_var)
    z = np.linspace(min(-9, (mean - 9 * scale).min()), max(9, (mean + 9 * scale).max()), points)
    q = np.mean([stats.norm.pdf(z, m, s) for m, s in zip(mean, scale, strict=True)], axis=0)
    return float(
        np.trapezoid(np.where(q > 0, q * (np.log(np.maximum(q, 1e-300)) - stats.norm.logpdf(z)), 0), z)
    )


@pytest.mark.parametrize(
    "mean,scale", [(0.0, 1.0), (0.01, 1.0), (0.5, 0.7), (-3.0, 0.01), (20.0, 0.001), (0.0, 8.0)]
)
def test_one_gaussian(mean: float, scale: float) -> None:
    exact = 0.5 * (mean**2 + scale**2 - 1) - math.log(scale)
    found = marginal_kl(np.full(50, mean), np.full(50, 2 * math.log(scale)))
    assert found == pytest.approx(exact, rel=1e-5, abs=1e-7)


@pytest.mark.integration
@pytest.mark.parametrize("n,scale", [(2, 0.01), (40, 0.003), (200, 0.05), (200, 0.9)])
def test_mixtures(n: int, scale: float) -> None:
    rng = np.random.default_rng(n)
    mean, log_var = 1.3 * rng.normal(size=n), 2 * np.log(scale) + 0.3 * rng.normal(size=n)
    assert marginal_kl(mean, log_var) == pytest.approx(fine(mean, log_var), abs=1e-3)


def test_never_below_zero_and_exact_where_draws_are_not() -> None:
    """q(zⱼ) is N(0, 1) up to the sampling of 2,000 means. Means over 2,000 draws are below zero for some dimensions
    (by up to 0.0159 in the tables of the study); the quadrature equals the trapezoidal rule."""
    rng = np.random.default_rng(0)
    latents = Latents(0.8 * rng.normal(size=(2000, 6)), np.full((2000, 6), 2 * math.log(0.6)))
    table = dimension_table(jax.random.key(0), latents, draws=100)
    exact = [
        fine(latents.mean[:, j].astype(float), latents.log_var[:, j].astype(float), 2001) for j in range(6)
    ]
    np.testing.assert_allclose(table["marginal_kl"], exact, atol=2e-6)
    assert (table["marginal_kl"] >= 0).all() and table["marginal_kl"].max() < 0.01


@pytest.mark.integration
def test_the_density_on_a_line_is_that_of_all_components() -> None:
    """Scales over four decades; far points, where no component is near, and points out of order."""
    rng = np.random.default_rng(0)
    mean, scale = rng.normal(size=3000), 10.0 ** rng.uniform(-4, 0, size=3000)
    z = np.concatenate([rng.normal(0, 2, size=300), mean[:20], [60.0, -60.0]])
    found = LineMixture(mean, scale).log_prob(z)
    exact = np.log(np.mean([stats.norm.pdf(z, m, s) for m, s in zip(mean, scale, strict=True)], axis=0)[:-2])
    np.testing.assert_allclose(found[:-2], exact, rtol=1e-12, atol=1e-12)
    assert np.isneginf(found[-2:]).all()
    with np.errstate(divide="raise", over="raise", invalid="raise"):
        assert marginal_kl(mean, 2 * np.log(scale), span=(-80.0, 80.0)) > 0
