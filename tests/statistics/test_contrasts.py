"""Contrasts of any two conditions, against scipy and statsmodels."""

import math

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy import stats
from statsmodels.stats.multitest import multipletests

from study.statistics.contrasts import contrasts
from study.statistics.verdicts import detectable_effect
from tests.statistics.rows import NOISE


def pair(own: ArrayLike, other: ArrayLike) -> np.ndarray:
    return np.stack([own, other], axis=1)[..., None]


@pytest.mark.integration
def test_paired_tests_corrected_within_families():
    rng = np.random.default_rng(0)
    pairs = [rng.normal(rng.normal(size=2), 1, (n, 2))[..., None] for n in (5, 7, 5, 4, 6, 5)]
    families = ["a", "b", "a", "b", "a", "a"]
    table = contrasts([{"better": "lower", "name": i} for i in range(6)], pairs, families=families)
    tests = [stats.ttest_rel(*one[..., 0].T) for one in pairs]
    np.testing.assert_allclose(table["difference"], [(one[:, 0] - one[:, 1]).mean() for one in pairs])
    np.testing.assert_allclose(table["own"], [one[:, 0].mean() for one in pairs])
    np.testing.assert_allclose(table["low"], [t.confidence_interval().low for t in tests])
    np.testing.assert_allclose(table["high"], [t.confidence_interval().high for t in tests])
    for family in "ab":
        own = [i for i, of in enumerate(families) if of == family]
        expected = multipletests([tests[i].pvalue for i in own], method="holm")[1]
        np.testing.assert_allclose(table["p_holm"][own], expected)
    assert table["name"].tolist() == list(range(6)) and table["seeds"].tolist() == [len(p) for p in pairs]


@pytest.mark.parametrize(
    ("better", "verdict", "difference"),
    [("lower", "better", -1.0), ("higher", "worse", -1.0), ("none", "none", -1.0), ("one", "worse", 1.0)],
)
def test_direction_of_better(better, verdict, difference):
    table = contrasts([{"better": better}], [pair(NOISE, 1 - NOISE)], families=[0])
    assert table["verdict"].tolist() == [verdict]
    # |v − 1| of NOISE is 1 − NOISE, that of 1 − NOISE is |NOISE|
    expected = difference if better != "one" else (1 - NOISE - np.abs(NOISE)).mean()
    assert table["difference"][0] == pytest.approx(expected)
    assert (table["low"] < table["difference"]).all() and (table["difference"] < table["high"]).all()


def test_too_blurred_and_too_sharp_do_not_cancel():
    """Earlier the means were compared: both are 1, so that the worse one was a tie."""
    own = np.array([0.5, 1.5, 0.45, 1.55, 1.0 + 0.4])
    table = contrasts([{"better": "one"}], [pair(own, 1 + 0.1 * NOISE)], families=[0])
    assert table["verdict"].tolist() == ["worse"]


def test_what_is_not_decided_is_no_tie_and_says_what_would_be_seen():
    pairs = [pair(NOISE, NOISE[::-1]), pair(2 * NOISE, NOISE[::-1] - 0.01)]
    table = contrasts([{"better": "lower"}] * 2, pairs, families=[0, 0])
    assert table["verdict"].tolist() == ["not decided"] * 2
    spread = [(one[:, 0] - one[:, 1]).std(ddof=1) for one in pairs]
    np.testing.assert_allclose(table["detectable"], detectable_effect(5, 0.975) * np.array(spread))


def test_no_spread_gives_no_verdict():
    table = contrasts(
        [{"better": "lower"}] * 2, [pair([1.0] * 5, [2.0] * 5), pair(NOISE, 9 - NOISE)], families=[0] * 2
    )
    assert table["verdict"].tolist() == ["none", "better"]
    assert table.loc[0, ["low", "high", "p_holm", "detectable"]].isna().all()
    assert table.loc[0, "difference"] == -1
    alone = contrasts([{"better": "lower"}], [pair(NOISE, 9 - NOISE)], families=[0])
    assert table["p_holm"][1] == alone["p_holm"][0]  # it does not count in the family either


def test_few_missing_and_infinite_values():
    pairs = [
        pair([1.0, 2.0], [3.0, 4.0]),
        np.empty((0, 2, 1)),
        pair([math.inf, 1, 2], [-math.inf, math.inf, 0]),
    ]
    table = contrasts([{"better": "lower"}] * 3, pairs, families=[0] * 3)
    assert table["verdict"].tolist() == ["none"] * 3 and table[["low", "high"]].isna().all(axis=None)
    assert contrasts([], [], families=[]).empty
