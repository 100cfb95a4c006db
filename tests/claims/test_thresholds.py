"""Where an effect crosses what matters: known crossings, and how often the interval holds them."""

import math

import numpy as np
import pytest

from study.claims.thresholds import axis_value, crossing
from tests.claims.made import place

X = (0.01, 0.1, 1.0, 10.0)


def curve(
    rng: np.random.Generator, truth: float, *, slope: float = -1.0, spread: float = 0.1, seeds: int = 8
) -> np.ndarray:
    """Effects that are linear in log10 x and zero at `truth`, for trainings that each shift the whole curve."""
    mean = slope * (np.log10(X) - math.log10(truth))
    shift = spread * rng.normal(size=(1, seeds, 1))
    return mean[:, None, None] + shift + 0.01 * rng.normal(size=(len(X), seeds, 1))


@pytest.mark.parametrize("slope", [-1.0, 1.0])
def test_a_known_crossing_is_found(slope):
    values = curve(np.random.default_rng(0), 0.3, slope=slope, spread=0.0) + 0.05
    value, low, high = crossing(X, values, 0.05)
    assert math.isclose(value, 0.3, rel_tol=0.02) and low < value < high


def test_the_interval_holds_the_crossing_about_as_often_as_it_says():
    """Seeds shift the whole curve, so that only resampling them jointly gives its uncertainty: 8 seeds, 200 times."""
    rng = np.random.default_rng(1)
    ends = [crossing(X, curve(rng, 0.3), 0.0)[1:] for _ in range(200)]
    covers = np.mean([low <= 0.3 <= high for low, high in ends])
    assert covers > 0.85  # percentile intervals of eight seeds are a little too narrow


def test_settings_resampled_apart_would_be_too_narrow():
    """The shift that trainings share moves the crossing by spread / slope decades; its error is a fifth of a decade."""
    _, low, high = crossing(X, curve(np.random.default_rng(2), 0.3, spread=0.6), 0.0)
    assert math.log10(high / low) > 2 * 0.6 / math.sqrt(8)


def test_an_end_beyond_the_settings_is_infinite():
    values = curve(np.random.default_rng(0), 3.0, spread=1.0)
    value, _, high = crossing(X, values, 0.0)
    assert value < math.inf and high == math.inf


def test_a_curve_that_turns_twice_has_no_threshold():
    values = np.array([1.0, -1.0, 1.0, 1.0])[:, None, None] + 0.01 * np.random.default_rng(0).normal(
        size=(4, 6, 1)
    )
    assert all(math.isnan(end) for end in crossing(X, values, 0.0))


def test_equal_values_of_the_axis_are_averaged():
    values = np.array([1.0, 3.0, -1.0])[:, None, None] + np.zeros((3, 5, 1))
    value, _, _ = crossing((0.1, 0.1, 1.0), values, 0.0)
    assert math.isclose(value, 10 ** (-1 + 2 / 3), rel_tol=1e-6)


def test_s_of_a_bernoulli_decoder_is_the_ratio_of_weights():
    assert axis_value(place(alpha=10.0, beta=1.0), "s") == 0.05
    assert axis_value(place(alpha=10.0, beta=1.0, likelihood="bernoulli"), "s") == 0.1
