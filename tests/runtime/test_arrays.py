from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from study.errors import StudyError
from study.runtime.arrays import numbers


@pytest.mark.parametrize(
    "value", [[[1, 2]], np.array([[1, 2]]), jnp.ones((1, 2)), [[True, False]], np.zeros((0, 2))]
)
def test_numbers_of_every_kind_become_float32(value: Any) -> None:
    found = numbers(value, name="x")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.asarray(value, np.float32))


def test_nothing_is_copied_without_need() -> None:
    x = np.zeros((2, 2), np.float32)
    assert numbers(x, name="x") is x
    assert numbers(np.zeros(2, np.int8), name="x", dtype=None).dtype == np.int8


def test_what_is_too_large_becomes_infinite_without_a_warning() -> None:
    assert numbers([1e300], name="x")[0] == np.inf


@pytest.mark.parametrize(
    "value",
    [
        "text",
        [["a"]],
        [[1, 2], [3]],
        [[1j]],
        [[None]],
        None,
        {},
        np.array([{}], object),
        np.array(["2020"], "M8"),
    ],
)
def test_everything_else_is_refused_in_one_line(value: Any) -> None:
    with pytest.raises(StudyError, match=r"^x: give an array of numbers, got [^\n]{1,80}$"):
        numbers(value, name="x")
