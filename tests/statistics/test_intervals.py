"""The hierarchical bootstrap, its p-values, and power, against simulation."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from study.statistics import bootstrap_interval, detectable, detectable_effect, holm
from study.statistics.intervals import intervals


def test_one_draw_is_the_interval_of_the_trainings():
    values = np.random.default_rng(0).normal(size=6)
    assert bootstrap_interval(values.reshape(6, 1, 1)) == bootstrap_interval(values)


def test_equal_draws_are_one_draw():
    values = np.random.default_rng(1).normal(size=(5, 1, 1))
    np.testing.assert_allclose(bootstrap_interval(np.tile(values, (1, 2, 3))), bootstrap_interval(values))


def test_many_intervals_at_once_are_those_one_by_one():
    rng = np.random.default_rng(2)
    samples = [rng.normal(size=s) for s in (5, 7, 2, (5, 2, 3), (5, 1, 2), 5)]
    together = intervals(samples)
    for i, values in enumerate(samples):
        np.testing.assert_allclose([t[i] for t in together[:3]], bootstrap_interval(values), rtol=1e-9)


def test_resampled_trainings_against_a_loop():
    """The matrix products equal the documented resampling, done here one resample at a time."""
    from study.statistics import intervals as home

    values = np.random.default_rng(3).normal(size=(4, 2, 3))
    plan = home._resamples(values.shape)
    flat = (values - values.mean((1, 2)).mean()).reshape(4, 6)
    smooth = 4**-0.2 * values.mean((1, 2)).std()
    # No noise and no smoothing: a resample's sum is that of four trainings' means of six picks.
    share = plan.linear.reshape(4, 6, -1)
    np.testing.assert_allclose(share.sum((0, 1)), 4)
    times = share.sum(1)  # each training is picked a whole number of times
    np.testing.assert_allclose(times, np.rint(times), atol=1e-9)
    ratio = home._pivots(values[None])[0]
    mean = (np.einsum("imb,im->b", share, flat) + smooth * plan.noise) / 4
    spread = mean / ratio * 2  # the standard deviation over √n is the denominator
    assert np.isfinite(ratio).all() and (spread > 0).all()
    # Expected squares of the trainings' means: those within trainings add (1 − 1/fits) and (1 − 1/draws) parts.
    between = np.square(flat.mean(1)).mean()
    fits = np.square(values.mean(2) - values.mean((1, 2))[:, None]).mean() / 2
    draws = np.square(values - values.mean(2, keepdims=True)).mean() / 6
    expected = between + fits + draws
    products = (flat[:, :, None] * flat[:, None, :]).ravel() @ plan.square / 4
    standard_error = products.std() / math.sqrt(len(products))
    assert abs(products.mean() - expected) < 4 * standard_error


def test_p_is_below_five_percent_where_the_interval_excludes_zero():
    found = intervals(np.random.default_rng(4).normal(0.6, 1, (2000, 5)))
    excludes = (found.low > 0) | (found.high < 0)
    assert 0.1 < excludes.mean() < 0.9
    np.testing.assert_array_equal(found.p < 0.05, excludes)


def test_p_of_many_trainings_is_students():
    values = np.random.default_rng(5).normal(0.15, 1, 300)
    p = intervals([values]).p[0]
    assert p == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=0.25)


def test_p_of_equal_differences():
    found = intervals([np.zeros(5), np.full(5, 2.0), np.array([1.0, 2.0])])
    np.testing.assert_array_equal(found.p, [1.0, 0.0, math.nan])


@pytest.mark.parametrize("level", [0.05, 0.01, 0.001])
def test_p_is_below_a_level_as_often_as_the_level_says(level):
    found = intervals(np.random.default_rng(6).normal(size=(4000, 5)))
    # 0.2 of the level: the pivot varies from sample to sample; and 3 standard errors of the simulation
    assert (found.p < level).mean() <= 1.2 * level + 3 * math.sqrt(level / 4000)


def test_holm_by_hand():
    # ordered .01 .02 .03 .04 times 4 3 2 1: .04 .06 .06 .04, made monotone
    np.testing.assert_allclose(holm(np.array([0.04, 0.01, 0.03, 0.02])), [0.06, 0.04, 0.06, 0.06])
    np.testing.assert_allclose(holm(np.array([0.5, math.nan, 0.6])), [1.0, math.nan, 1.0])
    assert holm(np.array([math.nan])).shape == (1,) and holm(np.array([])).shape == (0,)


def test_false_verdicts_in_a_family_are_as_rare_as_said():
    """300 families of twenty true null hypotheses, with five training runs each."""
    p = intervals(np.random.default_rng(7).normal(size=(6000, 5))).p.reshape(300, 20)
    false = np.mean([(holm(row) < 0.05).any() for row in p])
    assert false < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)
    assert (p < 0.05).any(1).mean() > 0.5  # what happens without it


@pytest.mark.parametrize("n", [3, 5, 10])
def test_a_detectable_difference_is_seen_four_times_in_five(n):
    rng = np.random.default_rng(n)
    values = detectable_effect(n) + rng.normal(size=(3000, n))
    # 3 standard errors of this simulation and of the one that found the difference
    assert abs((intervals(values).p < 0.05).mean() - 0.8) < 3 * math.sqrt(0.8 * 0.2 * (1 / 3000 + 1 / 2000))


@pytest.mark.parametrize("n", [5, 10, 40])
def test_detectable_against_the_noncentral_t(n):
    """The bootstrap interval needs a slightly larger effect than the t interval: 6 % more with five training runs."""
    critical = stats.t.ppf(0.975, n - 1)
    noncentrality = optimize.brentq(lambda c: stats.nct.sf(critical, n - 1, c) - 0.8, 0, 10 * critical)
    assert 0.95 < detectable_effect(n) / (noncentrality / math.sqrt(n)) < 1.15


def test_detectable_scales_with_the_spread_and_needs_three_trainings():
    values = np.array([1.0, 2.0, 4.0, 3.0, 2.5])
    assert detectable(10 * values) == pytest.approx(10 * detectable(values))
    assert detectable(values) == pytest.approx(detectable_effect(5) * values.std(ddof=1))
    assert math.isnan(detectable(values[:2])) and math.isnan(detectable_effect(2))


@pytest.mark.slow
def test_coverage_is_what_the_report_says():
    from pathlib import Path

    from study.statistics.coverage import DRAWS, FOUND, simulate

    found = simulate()
    symmetric = found[found["distribution"] != "skewed"]
    assert (abs(symmetric["coverage"] - symmetric["nominal"]) < 0.03).all()
    said = [
        FOUND[name][DRAWS.index(draws)]
        for name, draws in zip(found["distribution"], found["draws"], strict=True)
    ]
    np.testing.assert_allclose(100 * found["coverage"], said, atol=0.051)  # rounded to one decimal
    committed = pd.read_csv(Path(__file__).parents[2] / "results" / "interval_coverage.csv")
    np.testing.assert_allclose(found["coverage"], committed["coverage"], atol=2e-4)
