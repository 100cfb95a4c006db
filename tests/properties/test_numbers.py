"""Numbers as text, for many numbers: the sign is kept, zero has none, and the shown value is close to the number."""

import math

from hypothesis import example, given, settings
from hypothesis import strategies as st

from study.report.text.numbers import SUPERSCRIPT, decimals, interval, number

ANY = st.floats(-1.79e308, 1.79e308)  # 1.80e308 is no number of double precision
NEAR = st.floats(-1e6, 1e6, exclude_min=True, exclude_max=True)  # from a million on there is a power of ten
BACK = {sign: chr(plain) for plain, sign in SUPERSCRIPT.items()}


def read(text: str) -> float:
    """The number that a text shows."""
    mantissa, _, power = text.replace("−", "-").partition("×10")
    return float(f"{mantissa}e{power.translate(BACK) or 0}")


@settings(max_examples=500)
@given(value=ANY)
@example(value=0.0)
@example(value=-0.0)
@example(value=99999.5)
@example(value=-9.9999e-5)
@example(value=0.00099951)
def test_three_digits_of_a_number_are_shown(value):
    text = number(value)
    assert "-" not in text and "e" not in text
    assert math.isclose(read(text), value, rel_tol=0.0051)
    assert text.startswith("−") == (value < 0)


@settings(max_examples=500)
@given(value=NEAR, places=st.integers(0, 12))
@example(value=-0.004, places=2)
@example(value=-0.0, places=3)
def test_so_many_decimals_are_shown(value, places):
    text = number(value, places)
    assert abs(read(text) - value) <= 0.5000001 * 10.0**-places + 1e-9 * abs(value)
    assert len(text.partition(".")[2]) == places
    assert text.startswith("−") == (read(text) < 0)
    assert read(text) == 0 or (read(text) < 0) == (value < 0)


@given(ends=st.tuples(NEAR, NEAR, NEAR).map(sorted))
def test_an_interval_is_read_as_it_is_meant(ends):
    low, value, high = ends
    text = interval(value, low, high)
    shown = [read(part) for part in text.replace("[", "").replace("]", "").replace(",", "").split()]
    if low == high:
        assert len(shown) == 1
        return
    size = max(abs(low), abs(high))
    for found, meant in zip(shown, (value, low, high), strict=True):
        assert abs(found - meant) <= 0.0051 * size + 1e-300
    assert shown[1] <= shown[0] <= shown[2]


@given(values=st.lists(ANY, max_size=4))
def test_decimals_are_few_and_enough(values):
    found = decimals(*values)
    assert 0 <= found <= 12
    largest = max(map(abs, values), default=0)
    if largest > 1e-10:
        assert 10.0**-found <= 0.01001 * largest or found == 0


def test_what_is_no_number():
    assert (number(math.nan), number(math.inf), number(-math.inf)) == ("—", "∞", "−∞")
    assert number(-0.0) == number(0.0) == "0"
