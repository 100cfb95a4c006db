"""Draws from the posteriors of validation data: whose they are, what they share, and what is said without any."""

from typing import Any

import jax
import numpy as np
import pytest

from study.errors import CannotFit
from study.latents import Latents
from study.strategies import ladder, strategy
from study.strategies.parts.draws import shared_draws

FIT, DRAW = jax.random.key(50), jax.random.key(51)
N = 4000


@pytest.fixture(scope="module")
def other() -> Latents:
    """30 validation codes in 3 dimensions, far from those of `classes`."""
    rng = np.random.default_rng(2)
    return Latents(100 + rng.normal(size=(30, 3)), rng.uniform(-3.0, -1.0, (30, 3)))


def test_draws_are_of_the_validation_codes_alone(classes: Latents, other: Latents) -> None:
    """z = mean_n + exp(½ log_var_n) ε with the shared n and ε; no training code has an effect."""
    fitted: Any = strategy("held-out-posterior").fit(FIT, classes, validation=other)
    index, epsilon = shared_draws(DRAW, n=N, d=3, components=30)
    z = fitted.sample(DRAW, n=N)
    np.testing.assert_allclose(z, other.mean[index] + np.exp(other.log_var[index] / 2) * epsilon, rtol=1e-6)
    moved = Latents(classes.mean + 7, classes.log_var)
    again = strategy("held-out-posterior").fit(FIT, moved, validation=other)
    np.testing.assert_array_equal(z, again.sample(DRAW, n=N))
    assert fitted.info == {"strategy": "held-out-posterior", "codes": 30, "components": 30}


def test_it_is_the_posterior_of_data_that_happen_to_be_held_out(classes: Latents) -> None:
    held, own = (
        strategy(name).fit(FIT, classes, validation=classes) for name in ("held-out-posterior", "posterior")
    )
    np.testing.assert_array_equal(held.sample(DRAW, n=N), own.sample(DRAW, n=N))


def test_without_validation_codes_it_says_what_to_give(classes: Latents) -> None:
    with pytest.raises(CannotFit, match="'held-out-posterior': give codes of data that was not trained on"):
        strategy("held-out-posterior").fit(FIT, classes)


def test_it_is_a_rung_between_the_flow_and_the_posterior() -> None:
    """So that memorisation is what the posterior gains over it."""
    rungs = ladder(["posterior", "flow", "held-out-posterior", "reconstruction"])
    assert list(rungs) == ["flow", "held-out-posterior", "posterior", "reconstruction"]
    assert len({rung.level for rung in rungs.values()}) == 4
    assert rungs["posterior"].measures == "codes of training data"
