"""Rows in blocks."""

import pytest

from study.runtime.blocks import slices


@pytest.mark.parametrize(("n", "size", "sizes"), [(0, 3, []), (2, 3, [2]), (6, 3, [3, 3]), (7, 3, [3, 3, 1])])
def test_every_row_is_in_one_slice_in_order(n: int, size: int, sizes: list[int]) -> None:
    found = slices(n, size)
    assert [one.stop - one.start for one in found] == sizes
    assert [row for one in found for row in range(n)[one]] == list(range(n))
