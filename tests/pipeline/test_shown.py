"""Which samples a results folder keeps: those of the settings that reports show."""

import pytest

from study.pipeline.tabulate import kind, shown
from study.training.engine import Cell


@pytest.mark.parametrize(
    ("betas", "kept"),
    [
        ((4.0, 1.0), [1.0, 4.0]),
        ((0.1, 0.2, 0.3, 0.4), [0.1, 0.2, 0.3, 0.4]),
        ((7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0), [1.0, 4.0, 7.0]),
    ],
)
def test_a_few_settings_are_kept_and_nearest_examples_at_the_smallest_weight(betas, kept):
    found = shown([Cell(1.0, beta, 0, 1e-3) for beta in betas])
    assert [cell.beta for cell in found] == kept
    assert [cell.beta for cell, kinds in found.items() if "nearest" in kinds] == kept[:1]
    assert all({"codes", "samples"} <= set(kinds) for kinds in found.values())
    assert shown([]) == {}


def test_kinds_are_told_by_the_end_of_a_name():
    names = ("codes", "prior", "prior/nearest", "prior/windows")
    assert list(map(kind, names)) == ["codes", "samples", "nearest", "samples"]
