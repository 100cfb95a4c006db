"""Training many cells at once: no cell depends on the others, and one program handles any number of cells."""

from typing import Any

import jax
import jax.monitoring
import numpy as np
import pytest

from study.errors import CannotFit, StudyError
from study.latents import Latents
from study.strategies import REGISTRY, strategy
from study.strategies.parts.training import TrainedStrategy

TRAINED = [name for name, kind in REGISTRY.items() if issubclass(kind, TrainedStrategy)]
SHORT: dict[str, Any] = {"steps": 20, "batch_size": 64}
SMALL: dict[str, dict[str, Any]] = {"flow": {"form": "maf", "layers": 2, "width": 16}}


def codes(seed: int, *, n: int = 300, d: int = 2) -> Latents:
    rng = np.random.default_rng(seed)
    return Latents(rng.normal(size=(n, d)) + seed, rng.uniform(-3, -1, (n, d)))


def test_which_are_trained() -> None:
    assert {"flow", "two-stage", "latent-diffusion", "resampled-prior", "ncp"} <= set(TRAINED)


@pytest.mark.integration
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name != "two-stage")) for name in TRAINED],
)
def test_three_together_equal_each_alone(name: str) -> None:
    """Equal bit for bit, also on two devices, where three cells leave a slot empty: calls always have one shape."""
    chosen: Any = strategy(name, **SHORT, **SMALL.get(name, {}))
    keys, latents = list(jax.random.split(jax.random.key(0), 3)), [codes(i) for i in range(3)]
    together = chosen.fit_many(keys, latents, validation=latents)
    draw = jax.random.key(1)
    for key, one, fitted in zip(keys, latents, together, strict=True):
        alone = chosen.fit(key, one, validation=one)
        assert alone.info == fitted.info
        np.testing.assert_array_equal(alone.sample(draw, n=50), fitted.sample(draw, n=50))


@pytest.mark.slow
def test_two_and_six_cells_compile_equally_many_programs() -> None:
    chosen: Any = strategy("two-stage", **SHORT)
    compiled: list[str] = []

    def listen(event: str, duration_secs: float, **kwargs: str | int) -> None:
        if event.endswith("backend_compile_duration"):
            compiled.append(event)

    counts = []
    for cells in (2, 6):
        jax.clear_caches()
        compiled.clear()
        keys = list(jax.random.split(jax.random.key(0), cells))
        jax.monitoring.register_event_duration_secs_listener(listen)
        try:
            chosen.fit_many([*keys], [codes(i) for i in range(cells)], validation=None)
        finally:
            jax.monitoring.unregister_event_duration_listener(listen)
        counts.append(len(compiled))
    assert counts[0] == counts[1] > 0


@pytest.mark.integration
def test_every_step_sees_fresh_draws() -> None:
    """Posteriors of standard deviation 1 around one mean: with fixed draws of z, 12 codes would be memorised."""
    rng = np.random.default_rng(0)
    few = Latents(0.01 * rng.normal(size=(12, 2)), np.zeros((12, 2)))
    fitted: Any = strategy("flow", steps=300, batch_size=64, **SMALL["flow"]).fit(jax.random.key(0), few)
    z = rng.normal(size=(2000, 2))
    truth = -0.5 * (z**2).sum(1) - np.log(2 * np.pi)
    assert np.mean(truth - fitted.log_prob(z)) < 0.05


@pytest.mark.integration
def test_best_parameters_are_kept() -> None:
    """30 codes with almost no noise are overfitted, which the validation codes detect."""
    rng = np.random.default_rng(0)
    few, many = (Latents(rng.normal(size=(n, 2)), np.full((n, 2), -8.0)) for n in (30, 2000))
    fields: dict[str, Any] = {"steps": 600, "batch_size": 64, "form": "maf", "layers": 2, "width": 32}
    key = jax.random.key(0)
    best: Any = strategy("flow", **fields).fit(key, few, validation=many)
    last: Any = strategy("flow", **fields).fit(key, few)
    assert best.info["best_step"] < best.info["steps"] == 600
    held_out = rng.normal(size=(2000, 2))
    assert best.log_prob(held_out).mean() > last.log_prob(held_out).mean() + 0.1
    assert "validation_loss" not in last.info and "validation_log_prob" not in last.info


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.usefixtures("unchecked")
def test_errors(name: str) -> None:
    key, good = jax.random.key(0), codes(0)
    chosen: Any = strategy(name, **SHORT)
    with pytest.raises(CannotFit, match=f"'{name}': needs at least 3 codes in 2 dimensions, got 2"):
        chosen.fit(key, codes(0, n=2))
    with pytest.raises(StudyError, match="fit_many needs codes of one shape, got"):
        chosen.fit_many([key, key], [good, codes(0, n=200)], validation=None)
    with pytest.raises(StudyError, match="fit_many needs validation codes of one shape, got"):
        chosen.fit_many([key, key], [good, good], validation=[good, codes(0, n=200)])
    means: Any = strategy(name, fit_on="means", **SHORT)
    constant = good.mean.copy()
    constant[:, 1] = 2.0
    with pytest.raises(CannotFit, match=f"'{name}': dimension 1 of the means is constant"):
        means.fit(key, Latents(constant, good.log_var))
    twice = Latents(good.mean[:, [0, 0]], good.log_var)
    with pytest.raises(CannotFit, match="the codes span fewer than their 2 dimensions"):
        means.fit(key, twice)
    for field in ("steps", "batch_size", "learning_rate", "width"):
        with pytest.raises(StudyError, match=f"'{name}': {field} must be positive, got 0"):
            strategy(name, **{field: 0})
    with pytest.raises(StudyError, match=f"'{name}': fit_on must be 'samples' or 'means', got 'mean'"):
        strategy(name, fit_on="mean")


@pytest.mark.integration
def test_divergence_is_an_error() -> None:
    wild: Any = strategy("two-stage", learning_rate=1e6, **SHORT)
    with pytest.raises(CannotFit, match="'two-stage': training diverged; lower the learning_rate"):
        wild.fit(jax.random.key(0), codes(0), validation=codes(1))
