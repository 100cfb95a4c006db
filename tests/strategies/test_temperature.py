"""Temperature: the density integrates to one and is that of the draws; at 1 no number and no key changes."""

from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest

from study.errors import CannotFit, StudyError
from study.latents import Latents
from study.strategies import REGISTRY, hyperparameters, strategy
from study.strategies.parts.temperature import Tempered

NAMES = [name for name, kind in REGISTRY.items() if issubclass(kind, Tempered)]
KEY, N, TAU = jax.random.key(0), 40_000, 0.4
LABELS = np.arange(6) % 2


def codes(d: int) -> Latents:
    rng = np.random.default_rng(d)
    return Latents(rng.normal(size=(6, d)), rng.uniform(-3, -1, (6, d)), LABELS)


def fitted(name: str, d: int, temperature: float) -> Any:
    return strategy(name, temperature=temperature).fit(KEY, codes(d), validation=codes(d))


def test_these_have_one() -> None:
    own = {
        "prior", "posterior", "held-out-posterior", "class-posterior", "global-gaussian", "gaussian-full",
        "gaussian-full-means",
    }  # fmt: skip
    assert set(NAMES) == own


@pytest.mark.parametrize("name", NAMES)
def test_draws_are_the_location_and_tau_times_the_noise(name: str) -> None:
    """With shared draws z(τ) lies on a line in τ: z(1) - z(τ) = (1 - τ) · noise, so a third τ is known from two."""
    one, other, half = (fitted(name, 2, t).sample(KEY, n=500) for t in (1.0, TAU, 0.5))
    noise = (one - other) / (1 - TAU)
    np.testing.assert_allclose(half, one - 0.5 * noise, atol=2e-5)
    assert np.abs(noise).mean() > 0.1


@pytest.mark.integration
@pytest.mark.parametrize("d", [1, 2])
@pytest.mark.parametrize("name", [name for name in NAMES if REGISTRY[name].density])
def test_the_density_is_that_of_the_draws(name: str, d: int) -> None:
    """It integrates to one, and its moments by quadrature are those of draws, within five standard errors."""
    one = fitted(name, d, TAU)
    side = np.linspace(-6, 6, 2401 if d == 1 else 601)
    z = np.stack(np.meshgrid(*[side] * d, indexing="ij"), axis=-1).reshape(-1, d)
    mass = np.exp(one.log_prob(z.astype(np.float32))) * (side[1] - side[0]) ** d
    assert mass.sum() == pytest.approx(1, abs=2e-4)
    draws = one.sample(jax.random.key(5), n=N).astype(np.float64)
    for moment in (lambda x: x, np.square):
        expected, found = mass @ moment(z), moment(draws)
        np.testing.assert_array_less(np.abs(found.mean(0) - expected), 5 * found.std(0) / np.sqrt(N) + 5e-4)


def test_small_temperatures_end_at_the_locations() -> None:
    cold = fitted("posterior", 2, 1e-3).sample(KEY, n=100)
    np.testing.assert_allclose(
        cold, strategy("posterior-mean").fit(KEY, codes(2)).sample(KEY, n=100), atol=5e-3
    )
    np.testing.assert_allclose(fitted("prior", 2, 2.0).cholesky, 2 * np.eye(2))


@pytest.mark.parametrize("name", NAMES)
def test_one_changes_neither_numbers_nor_keys(name: str) -> None:
    assert "temperature" not in hyperparameters(strategy(name))
    assert hyperparameters(strategy(name, temperature=0.7))["temperature"] == 0.7
    plain = strategy(name).fit(KEY, codes(2), validation=codes(2))
    np.testing.assert_array_equal(fitted(name, 2, 1).sample(KEY, n=9), plain.sample(KEY, n=9))
    assert fitted(name, 2, 1).info == plain.info and fitted(name, 2, TAU).info["temperature"] == TAU


@pytest.mark.parametrize("wrong", [0, -1.0, float("nan"), "warm", True, None])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("unchecked")
def test_what_is_no_temperature(name: str, wrong: Any) -> None:
    with pytest.raises(StudyError, match=rf"^strategy '{name}': temperature[^\n]*$"):
        strategy(name, temperature=wrong)


@pytest.mark.usefixtures("unchecked")
def test_a_learned_prior_has_none() -> None:
    learned = SimpleNamespace(info={}, log_prob=None, sample=None)
    told = r"^strategy 'prior': a learned prior has no temperature; leave it at 1$"
    with pytest.raises(CannotFit, match=told):
        strategy("prior", temperature=0.5).fit(KEY, codes(2), model=SimpleNamespace(prior=learned))
