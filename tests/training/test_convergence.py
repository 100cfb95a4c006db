"""The fall of the loss at the end of training, on made-up curves with known slopes."""

import numpy as np
import pytest

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
