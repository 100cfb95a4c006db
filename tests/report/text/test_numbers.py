import math

import pytest

from study.report.text.numbers import count, interval, listed, number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (0.012345, "0.0123"),
        (-0.5, "−0.5"),
        (123.45, "123"),
        (1e-5, "1.00×10⁻⁵"),
        (2.5e6, "2.50×10⁶"),
        (math.nan, "—"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_a_number_has_three_digits_and_a_real_minus(value, text):
    assert number(value) == text


def test_no_minus_is_left_on_what_rounds_to_zero():
    assert number(-0.0004, 2) == "0.00"


def test_an_interval_has_the_same_decimals_thrice():
    assert interval(0.0123, -0.00012, 0.0251) == "0.0123 [−0.0001, 0.0251]"
    assert interval(0.0123, 0.0101, 0.0251, scale=1000) == "12.3 [10.1, 25.1]"


def test_an_unknown_interval_is_left_out():
    assert interval(0.5, math.nan, math.nan) == "0.5"


def test_lists_and_counts_read_as_english():
    assert [listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]
    assert (count(1, "training"), count(2, "training")) == ("1 training", "2 trainings")
