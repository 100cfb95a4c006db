"""The flow in both forms: its density and its draws. test_recovery.py tests how well it fits known densities."""

from typing import Any

import jax
import numpy as np
import pytest

from study.errors import StudyError
from study.latents import Latents
from study.strategies import strategy
from tests.tiers import first_of

pytestmark = pytest.mark.integration

FIT, DRAW = jax.random.key(0), jax.random.key(1)
SMALL: dict[str, Any] = {"steps": 300, "batch_size": 128, "layers": 3, "width": 16}


@pytest.mark.parametrize(("form", "d"), first_of([("maf", 1), ("spline-coupling", 2)]))
def test_density_integrates_to_one_and_is_that_of_the_draws(form: str, d: int, plane: Latents) -> None:
    """By trapezoids 0.05 apart; the mean log-density of 10,000 draws is −entropy within five standard errors."""
    codes = Latents(plane.mean[:, :d], plane.log_var[:, :d])
    fitted: Any = strategy("flow", form=form, **SMALL).fit(FIT, codes)
    z = fitted.sample(DRAW, n=10_000).astype(np.float64)
    axes = [np.arange(a.mean() - 7 * a.std(), a.mean() + 7 * a.std(), 0.05) for a in z.T]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, d)
    log_p = fitted.log_prob(grid)
    p = np.exp(log_p) * 0.05**d
    assert abs(p.sum() - 1) < 2e-3
    scored = fitted.log_prob(z)
    assert abs(scored.mean() - (p * log_p).sum()) < 5 * scored.std() / 100 + 2e-3
    mean = p @ grid
    np.testing.assert_array_less(np.abs(z.mean(0) - mean), 5 * z.std(0) / 100 + 2e-3)


@pytest.mark.usefixtures("unchecked")
def test_info_and_errors(plane: Latents) -> None:
    fitted: Any = strategy("flow", **SMALL).fit(FIT, plane, validation=plane)
    assert fitted.info["codes"] == 40 and fitted.info["steps"] == 300
    assert fitted.info["validation_log_prob"] > -3
    assert fitted.info["form"] == "spline-coupling"
    with pytest.raises(StudyError, match=r"log_prob: z must be \[n, 2\], got \[5, 3\]"):
        fitted.log_prob(np.zeros((5, 3)))
    with pytest.raises(StudyError, match="form must be 'maf' or 'spline-coupling', got 'nice'"):
        strategy("flow", form="nice")
    with pytest.raises(StudyError, match="coupling needs 2 dimensions; take form='maf' for one"):
        strategy("flow", form="spline-coupling").fit(FIT, Latents(plane.mean[:, :1], plane.log_var[:, :1]))


@pytest.mark.slow
def test_correlated_gaussian_is_recovered() -> None:
    """Whitening alone maps it to N(0, I), so the remaining loss is due to training: under 0.02 nats."""
    rng = np.random.default_rng(0)
    half = np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [0.3, -0.5, 0.2]])
    codes = Latents(rng.normal(size=(5000, 3)) @ half.T * np.sqrt(0.9), np.full((5000, 3), -30.0))
    fitted: Any = strategy("flow", **SMALL).fit(FIT, codes)
    epsilon = rng.normal(size=(5000, 3))
    truth = -0.5 * (epsilon**2).sum(1) - 1.5 * np.log(2 * np.pi * 0.9) - np.log(0.12)
    gap = truth - fitted.log_prob(np.sqrt(0.9) * epsilon @ half.T)
    assert -0.01 < gap.mean() < 0.02
