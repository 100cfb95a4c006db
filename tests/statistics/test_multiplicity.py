"""Holm's correction and the intervals that go with it, against statsmodels and simulations."""

import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from study.statistics.estimates import means
from study.statistics.multiplicity import holm, holm_levels


def test_holm_by_hand():
    # ordered .01 .02 .03 .04 times 4 3 2 1: .04 .06 .06 .04, made monotone
    np.testing.assert_allclose(holm(np.array([0.04, 0.01, 0.03, 0.02])), [0.06, 0.04, 0.06, 0.06])
    np.testing.assert_allclose(holm(np.array([0.5, math.nan, 0.6])), [1.0, math.nan, 1.0])
    assert holm(np.array([math.nan])).shape == (1,) and holm(np.array([])).shape == (0,)


@pytest.mark.integration
@pytest.mark.parametrize("k", [1, 2, 12, 100])
def test_holm_against_statsmodels(k):
    p = np.random.default_rng(k).beta(0.3, 2, k)
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])


def test_levels_by_hand():
    # of four, .005 and .015 are rejected at .05 / 4 and .05 / 3; the others have the level of the first step
    levels = holm_levels(np.array([0.04, 0.005, math.nan, 0.9, 0.015]), 0.95)
    np.testing.assert_allclose(levels, [1 - 0.05 / 4, 1 - 0.05 / 4, math.nan, 1 - 0.05 / 4, 1 - 0.05 / 3])
    np.testing.assert_allclose(holm_levels(np.array([0.02, 0.01]), 0.95), [0.95, 0.975])
    np.testing.assert_allclose(holm_levels(np.array([0.6, 0.7]), 0.95), [0.975, 0.975])
    assert (
        np.isnan(holm_levels(np.array([math.nan]), 0.95)).all() and holm_levels(np.array([]), 0.95).size == 0
    )


def test_intervals_exclude_zero_exactly_where_holm_rejects():
    rng = np.random.default_rng(0)
    rejected = 0
    for k in (1, 3, 12):
        for _ in range(200):
            found = means(rng.normal(rng.choice([0, 1, 3], (k, 1)), 1, (k, 5)))
            low, high = found.ends(holm_levels(found.p, 0.95))
            reject = holm(found.p) < 0.05
            np.testing.assert_array_equal((low > 0) | (high < 0), reject)
            rejected += reject.sum()
    assert rejected > 300


@pytest.mark.integration
@pytest.mark.parametrize("truth", [[0.0] * 12, [0.0, 0.0, 0.2, 0.5] * 3, [0.9] * 12])
def test_intervals_of_those_not_rejected_cover_together(truth):
    """At the level of the step at which Holm's method stopped they cover in 89 % of the last families."""
    values = np.random.default_rng(1).normal(np.array(truth)[:, None], 1, (2000, 12, 20))
    covered = []
    for one in values:
        found = means(one)
        low, high = found.ends(holm_levels(found.p, 0.95))
        covered.append((((low <= truth) & (truth <= high)) | (holm(found.p) < 0.05)).all())
    assert np.mean(covered) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 2000)


def test_false_rejections_in_a_family_are_as_rare_as_said():
    p = means(np.random.default_rng(2).normal(size=(1000, 20, 5))).p
    false = np.mean([(holm(row) < 0.05).any() for row in p])
    assert false < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)
    assert (p < 0.05).any(1).mean() > 0.5  # what happens without it
