"""Samples in other units than the model's range get a warning, and those of a model do not."""

import numpy as np
import pytest

from study.data.base import Dataset
from study.data.own.arrays import from_arrays
from study.metrics.evaluate import evaluate
from study.metrics.features import Extractor
from study.metrics.units import other_units

RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(300, 3)) * [1, 50, 1e4] + [0, 400, 1e6]
PICTURES = RNG.integers(0, 256, size=(90, 8, 8), dtype=np.uint8)


def made(x: np.ndarray) -> Dataset:
    return from_arrays({"x": x}, name="mine", seed=0, source="made")


@pytest.mark.parametrize("x", [TABLE, PICTURES])
def test_samples_in_the_units_of_the_file_are_told_from_those_in_the_range_of_the_model(x):
    data = made(x)
    assert data.inverse is not None
    assert other_units(data.held_out, data) == ""
    told = other_units(data.inverse(data.held_out), data)
    assert "they seem to be in the units of the file; give data.inverse.to_model(samples)" in told
    assert other_units(data.inverse.to_model(data.inverse(data.held_out)), data) == ""  # type: ignore[attr-defined]


def test_bad_samples_are_not_taken_for_other_units(digits: Dataset) -> None:
    for x in (RNG.random((90, 64)), np.zeros((90, 64)), 1 - digits.held_out, digits.held_out**2):
        assert other_units(x, digits) == ""
    assert "in other units; give samples in the range of data.train" in other_units(
        255 * digits.held_out, digits
    )
    assert other_units(np.full((9, 64), np.nan), digits) == ""


def test_evaluate_warns(digits: Dataset, extractor: Extractor) -> None:
    with pytest.warns(
        UserWarning, match=r"^evaluate: samples lie in 0 to 255, the data in 0 to 1: they seem"
    ):
        evaluate(255 * digits.held_out[:20], digits, extractor=extractor)
