"""The samplers with the exact velocity of a Gaussian, and a trained network's draws."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from study.errors import StudyError
from study.latents import Latents
from study.strategies import strategy
from study.strategies.latent_diffusion import Sampler, denoise
from tests.tiers import first_of

FIT, DRAW = jax.random.key(0), jax.random.key(1)


def exact(scale: float) -> Any:
    """v = α E[ε | w_t] − σ E[w | w_t] where w ~ N(0, scale² I)."""

    def velocity(w: jax.Array, t: jax.Array) -> jax.Array:
        a, s = (f(0.5 * jnp.pi * t)[:, None] for f in (jnp.cos, jnp.sin))
        code = a * scale**2 / (a**2 * scale**2 + s**2) * w
        return a * (w - a * code) / s - s * code

    return velocity


@pytest.mark.parametrize("scale", first_of([0.5, 1.0, 0.16]))
@pytest.mark.parametrize(
    ("sampler", "steps", "margin"),
    first_of([("multistep", 40, 0.012), ("ddim", 400, 0.008), ("ancestral", 400, 0.015)]),
)
def test_samplers_reach_a_gaussian(sampler: Sampler, steps: int, margin: float, scale: float) -> None:
    """Margins are calculated by hand from the step's linear map; 5/√(2n) is the noise of the standard deviation."""
    start = jax.random.normal(FIT, (20_000, 1))
    w = np.asarray(denoise(exact(scale), start, DRAW, steps=steps, sampler=sampler), np.float64)
    assert abs(w.std() / np.asarray(start).std() / scale - 1) < margin + 5 / np.sqrt(2 * 20_000) * (
        sampler == "ancestral"
    )


def test_first_order_samplers_draw_too_narrow() -> None:
    """The docstring's statement about 40 steps at a standard deviation of 0.16 holds."""
    start = jax.random.normal(FIT, (100_000, 1))
    found = {}
    for sampler in ("ddim", "ancestral", "multistep"):
        w = denoise(exact(0.16), start, DRAW, steps=40, sampler=sampler)
        found[sampler] = float(np.std(w)) / 0.16
    assert found == pytest.approx({"ddim": 0.955, "ancestral": 0.905, "multistep": 1.011}, abs=0.01)


@pytest.mark.integration
def test_two_modes_are_drawn_in_their_shares() -> None:
    """80 % at −1 ± 0.4 and 20 % at 2 ± 0.4; binomial noise is 0.004, and short training adds a little error."""
    rng = np.random.default_rng(0)
    mean = np.where(rng.random((5000, 1)) < 0.8, -1.0, 2.0)
    codes = Latents(mean + 0.3 * rng.normal(size=mean.shape), np.full(mean.shape, 2 * np.log(np.sqrt(0.07))))
    fitted: Any = strategy("latent-diffusion", steps=1500, width=32, batch_size=256).fit(
        FIT, codes, validation=codes
    )
    z = fitted.sample(DRAW, n=10_000)[:, 0].astype(np.float64)
    upper = z > 0.5
    assert abs(upper.mean() - np.mean(mean > 0)) < 0.03
    assert abs(z[upper].mean() - 2) < 0.1 and abs(z[~upper].mean() + 1) < 0.1
    assert abs(z[upper].std() - 0.4) < 0.06 and abs(z[~upper].std() - 0.4) < 0.06
    assert {"codes", "steps", "train_loss", "validation_loss"} <= fitted.info.keys()
    assert not hasattr(fitted, "log_prob")


@pytest.mark.usefixtures("unchecked")
def test_errors() -> None:
    with pytest.raises(StudyError, match="sampler must be 'multistep' or 'ddim' or 'ancestral', got 'euler'"):
        strategy("latent-diffusion", sampler="euler")
    with pytest.raises(StudyError, match="sampling_steps must be positive, got 0"):
        strategy("latent-diffusion", sampling_steps=0)
