from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from study.errors import StudyError
from study.runtime.checks import finite_number, whole_number

NO_NUMBERS: tuple[Any, ...] = (
    True,
    np.bool_(True),
    "1",
    b"1",
    None,
    [1],
    (),
    {},
    1j,
    np.zeros(2),
    np.zeros((1, 1)),
    object(),
)
NOT_FINITE = (float("nan"), float("inf"), -float("inf"), np.float32("nan"), 10**400, -(10**400), 10**5000)


@pytest.mark.parametrize(
    "value", (1, 1.0, np.float32(1), np.int64(1), np.asarray(1.0), jnp.float32(1), jnp.asarray(1))
)
def test_numbers_of_every_kind_are_taken(value):
    taken = finite_number(value, name="alpha", least=0)
    assert taken == 1.0
    assert type(taken) is float


@pytest.mark.parametrize("value", (*NO_NUMBERS, *NOT_FINITE), ids=lambda value: type(value).__name__)
def test_what_is_no_finite_number_is_refused_in_one_line(value):
    with pytest.raises(StudyError, match=r"^alpha: give a (finite )?number, got [^\n]{1,80}$"):
        finite_number(value, name="alpha")


def test_bounds_of_a_number():
    assert finite_number(0, name="beta", least=0) == 0
    assert finite_number(1, name="beta", most=1) == 1
    with pytest.raises(StudyError, match=r"^beta: give a number of 0 or more, got -1e-09$"):
        finite_number(-1e-9, name="beta", least=0)
    with pytest.raises(StudyError, match=r"^rate: give a number above 0, got 0$"):
        finite_number(0, name="rate", above=0)
    with pytest.raises(StudyError, match=r"^rate: give a number of 1 or less, got 1.5$"):
        finite_number(1.5, name="rate", most=1)


@pytest.mark.parametrize("value", (3, np.int32(3), np.uint8(3), np.asarray(3), jnp.asarray(3)))
def test_whole_numbers_of_every_kind_are_taken(value):
    taken = whole_number(value, name="seed")
    assert taken == 3
    assert type(taken) is int


@pytest.mark.parametrize(
    "value", (*NO_NUMBERS, 1.0, 1.5, float("nan"), np.float64(3)), ids=lambda v: type(v).__name__
)
def test_what_is_no_whole_number_is_refused_in_one_line(value):
    with pytest.raises(StudyError, match=r"^seed: give a whole number, got [^\n]{1,80}$"):
        whole_number(value, name="seed")


@pytest.mark.parametrize(
    "value", (-1, 2**31, 10**30, 10**400, 10**5000), ids=("-1", "2**31", "1e30", "1e400", "1e5000")
)
def test_whole_numbers_outside_the_range_are_refused_in_one_line(value):
    with pytest.raises(
        StudyError, match=r"^seed: give a whole number from 0 to 2147483647, got [^\n]{1,80}$"
    ):
        whole_number(value, name="seed")


def test_a_range_may_be_open():
    assert whole_number(10**30, name="n", most=None) == 10**30
    assert whole_number(-5, name="n", least=None) == -5
    with pytest.raises(StudyError, match=r"^n: give a whole number of 1 or more, got 0$"):
        whole_number(0, name="n", least=1, most=None)
    with pytest.raises(StudyError, match=r"^n: give a whole number of 7 or less, got 8$"):
        whole_number(8, name="n", least=None, most=7)
