"""The fall of the loss at the end of training, on made-up curves with known slopes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import study
from study.config import TrainConfig, VAEConfig
from study.data import load_dataset
from study.models import linear_optimum
from study.training.convergence import convergence


def losses(values: np.ndarray) -> np.ndarray:
    """`[epochs, 2, 2]` whose validation loss at α = 2, β = 1 is `values`; the training loss rises."""
    found = np.zeros((len(values), 2, 2))
    found[:, 1, 0], found[:, 1, 1] = (values - 10) / 2, 10.0
    found[:, 0, 0] = np.arange(len(values))
    return found


def noise(rng: np.random.Generator, n: int, lasting: float) -> np.ndarray:
    """Noise of standard deviation 1 whose correlation with the epoch before is `lasting`."""
    found = rng.normal(size=n)
    for i in range(1, n):
        found[i] = lasting * found[i - 1] + np.sqrt(1 - lasting**2) * found[i]
    return found


def test_a_line_without_noise() -> None:
    """Down by 0.03 an epoch, so by 0.03 × 20 over the last tenth of 200."""
    found = convergence(losses(100 - 0.03 * np.arange(200)), alpha=2.0, beta=1.0)
    assert found.fall == pytest.approx(0.6)
    assert found.stderr == pytest.approx(0, abs=1e-9)
    assert (found.epochs, found.still_falling) == (20, True)
    assert found.loss == pytest.approx(100 - 0.03 * 189.5)


def test_rising_and_too_short() -> None:
    up = convergence(losses(100 + 0.03 * np.arange(200)), alpha=2.0, beta=1.0)
    assert up.fall == pytest.approx(-0.6) and not up.still_falling
    short = convergence(losses(np.arange(7.0)[::-1]), alpha=2.0, beta=1.0)
    assert np.isnan(short.fall) and short.epochs == 0 and not short.still_falling


@pytest.mark.parametrize("lasting", [0.0, 0.5])
@pytest.mark.parametrize("epochs", [100, 300])
def test_flat_with_noise_is_rarely_called_falling(lasting: float, epochs: int) -> None:
    """Two errors on one side are 2.5 % of a normal law; an error estimated from 10 or 30 epochs, and ρ, raise this.

    The loss is 0 on average, so that the second condition does not help. 1,000 curves: a rate is known to 1 %.
    """
    rng = np.random.default_rng(epochs)
    found = [convergence(losses(noise(rng, epochs, lasting)), alpha=2.0, beta=1.0) for _ in range(1000)]
    assert np.mean([one.fall > 2 * one.stderr for one in found]) < 0.1
    falls = np.array([one.fall for one in found])
    assert abs(falls.mean()) < 4 * falls.std() / np.sqrt(1000)


def test_a_fall_beyond_the_noise_is_found_and_a_small_one_does_not_matter() -> None:
    """A fall of 2 nats with noise of 0.3 an epoch in 30 epochs: 0.3 √12 / √30 · 1 = 0.19 of standard error."""
    rng = np.random.default_rng(0)
    slopes = {2.0: 100.0, 0.02: 100.0}
    found = {
        fall: [
            convergence(
                losses(level - fall / 30 * np.arange(300) + size * rng.normal(size=300)), alpha=2.0, beta=1.0
            )
            for _ in range(200)
        ]
        for (fall, level), size in zip(slopes.items(), (0.3, 0.001), strict=True)
    }
    assert np.mean([one.fall for one in found[2.0]]) == pytest.approx(2.0, abs=4 * 0.19 / np.sqrt(200))
    assert np.mean([one.still_falling for one in found[2.0]]) > 0.97
    assert all(one.fall > 2 * one.stderr and not one.still_falling for one in found[0.02])


@pytest.mark.integration
@pytest.mark.filterwarnings("default")
def test_train_warns_in_one_line_where_the_loss_still_falls() -> None:
    data, config = load_dataset("digits"), VAEConfig(latent_dim=2, hidden=(16,))
    told = r"^train: the validation loss still falls, by 0.* nats .*; train for more steps$"
    with pytest.warns(UserWarning, match=told) as seen:
        study.train(data, config, training=TrainConfig(steps=1500, learning_rate=1e-4, schedule="constant"))
    assert len(seen) == 1


@pytest.mark.parametrize("decay", [300, 450])
def test_a_decay_does_not_hide_that_the_loss_still_falls(decay: int) -> None:
    """A loss that falls by 0.02 per unit of step size: little over the last epochs, whose steps are small.

    The fall is that over the last tenth of the sum of step sizes, which is 150 if the decay ends with the last epoch.
    """
    sizes = 0.5 * (1 + np.cos(np.pi * (np.arange(300) + 0.5) / decay))
    values = 100 - 0.02 * np.cumsum(sizes)
    found = convergence(losses(values), alpha=2.0, beta=1.0, decay=decay)
    assert found.fall == pytest.approx(0.02 * 0.1 * sizes.sum())
    if decay == 300:
        assert found.fall == pytest.approx(0.02 * 15, rel=1e-3) and 110 < found.epochs < 130
        assert convergence(losses(values), alpha=2.0, beta=1.0).fall < 0.1 * found.fall


@pytest.mark.integration
def test_models_say_over_how_many_epochs_their_step_size_decays(tmp_path: Path) -> None:
    data, config = load_dataset("digits"), VAEConfig(latent_dim=2, hidden=(16,))
    kinds: tuple[tuple[Any, int], ...] = (("cosine", 10), ("constant", 0))
    for schedule, decay in kinds:
        model = study.train(data, config, training=TrainConfig(steps=70, schedule=schedule))
        study.save_model(model, tmp_path / "model.npz")
        again = study.load_model(tmp_path / "model.npz")
        assert model.decay == again.decay == decay
        assert again.convergence == model.convergence


@pytest.mark.slow
@pytest.mark.parametrize("beta", [0.1, 0.5])
def test_the_default_training_of_a_linear_vae_reaches_the_exact_optimum(beta: float) -> None:
    """Within 2 % of its rate on the training data; 2,000 steps of a constant size end 40 % and 17 % below it."""
    data = load_dataset("digits")
    model = study.train(data, VAEConfig(network="linear", latent_dim=32), beta=beta)
    latents = study.encode(model, data.train)
    rate = 0.5 * (latents.mean**2 + np.exp(latents.log_var) - 1 - latents.log_var).sum(1).mean()
    assert rate == pytest.approx(linear_optimum(data.train, alpha=1.0, beta=beta).rate, rel=0.02)
    assert not model.convergence.still_falling
