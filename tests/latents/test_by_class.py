"""Class-wise aggregate posteriors against closed forms."""

import jax
import numpy as np
import pytest

from study.errors import CannotFit
from study.latents import Latents
from study.latents.by_class import by_class
from tests.tiers import first_of

KEY = jax.random.key(0)


def _codes(offset: float, n: int = 4000) -> Latents:
    """Two classes, three quarters and a quarter, q(z|y) = N(±offset, 1) along the first of two dimensions.

    Means of variance ¾, posteriors of variance ¼: overlap is large, so that the brackets close.
    """
    rng = np.random.default_rng(0)
    labels = (np.arange(n) % 4 == 0).astype(int)
    mean = np.sqrt(0.75) * rng.normal(size=(n, 2))
    mean[:, 0] += np.where(labels, offset, -offset)
    return Latents(mean, np.full((n, 2), np.log(0.25)), labels)


@pytest.mark.integration
@pytest.mark.parametrize("offset", first_of([0.5, 0.0, 1.0]))
def test_class_wise_kl_is_the_closed_form(offset: float) -> None:
    """KL(N(±o, 1)‖N(0, 1)) = o²/2. The slack covers Monte Carlo error and the sampling error of 1000 means."""
    found = by_class(KEY, _codes(offset), draws=20_000)
    width = found.class_kl_upper.value - found.class_kl_lower.value
    assert 0 < width < 0.05
    slack = 5 * found.class_kl_lower.stderr + 0.03 + 0.1 * offset
    assert found.class_kl_lower.value - slack < offset**2 / 2 < found.class_kl_upper.value + slack


@pytest.mark.parametrize("offset", first_of([0.5, 0.0, 3.0]))
def test_label_information_is_that_of_the_mixture(offset: float) -> None:
    """I(y; z) of two normal densities by quadrature: 0 if they are equal, near H(y) = 0.562 if they are far apart."""
    grid = np.linspace(-12, 12, 20_001)
    density = [np.exp(-0.5 * (grid - sign * offset) ** 2) / np.sqrt(2 * np.pi) for sign in (-1, 1)]
    mixture = 0.75 * density[0] + 0.25 * density[1]
    parts = [share * p * np.log(p / mixture) for share, p in zip((0.75, 0.25), density, strict=True)]
    exact = sum(np.trapezoid(part, grid) for part in parts)
    found = by_class(KEY, _codes(offset), draws=20_000).label_information
    assert abs(found.value - exact) < 5 * found.stderr + 0.02
    assert found.value < 0.5624 + 5 * found.stderr


def test_codes_without_labels() -> None:
    with pytest.raises(CannotFit, match="by_class: the codes have no labels"):
        by_class(KEY, Latents(np.zeros((4, 1)), np.zeros((4, 1))), draws=10)
