from typing import Any

import numpy as np
import pytest

from study.tables.rounding import CURVE, ERROR, SHADES, VALUE, drawn, rounded, shaded


def test_as_many_bits_as_float32_has_give_float32() -> None:
    x = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.arange(-20, 20).repeat(25)
    np.testing.assert_array_equal(rounded(x, bits=23), x.astype(np.float32).astype(np.float64))


def test_shades_are_few_and_near_with_black_and_white() -> None:
    x = np.arange(256, dtype=np.uint8).reshape(16, 16)
    found = shaded(x)
    assert found.dtype == np.uint8 and found.shape == x.shape and len(np.unique(found)) == SHADES
    assert found[0, 0] == 0 and found[-1, -1] == 255
    assert np.abs(found.astype(int) - x).max() <= np.ceil(255 / (SHADES - 1) / 2)
    np.testing.assert_array_equal(shaded(found), found)


@pytest.mark.parametrize("bits", [1, ERROR, VALUE, 51])
def test_the_error_is_half_of_the_last_digit(bits: int) -> None:
    x = np.random.default_rng(1).lognormal(0, 30, size=1000) * np.repeat([1, -1], 500)
    error = np.abs(rounded(x, bits=bits) / x - 1)
    assert error.max() <= 2.0 ** -(bits + 1) and error.max() > 2.0 ** -(bits + 3)


def test_what_is_no_number_stays_and_round_numbers_do_too() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 0.5, 1.0, 127.0])
    np.testing.assert_array_equal(rounded(x, bits=ERROR), x)
    assert np.signbit(rounded(x, bits=ERROR)[4])


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_drawn_samples_keep_type_and_shape_and_lose_only_digits(kind: Any) -> None:
    x: np.ndarray = np.random.default_rng(2).normal(size=(5, 3, 2)).astype(kind)
    x[0, 0] = [np.nan, np.finfo(kind).max]
    found = drawn(x)
    assert found.dtype == kind and found.shape == x.shape and np.isfinite(found[0, 0, 1])
    np.testing.assert_allclose(found, x, rtol=2.0 ** -min(CURVE + 1, np.finfo(kind).nmant))
    np.testing.assert_array_equal(drawn(found), found)


def test_drawn_pictures_are_shaded_and_whole_numbers_are_kept() -> None:
    pictures = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
    np.testing.assert_array_equal(drawn(pictures), shaded(pictures))
    np.testing.assert_array_equal(drawn(np.array([2**53 + 1])), [2**53 + 1])
