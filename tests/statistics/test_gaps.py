"""Shares of the gap closed: brute force, the textbook jackknife, Fieller's interval, and what a metric cannot show."""

import math

import numpy as np
import pytest
from scipy import stats

from study.statistics.estimates import crossed, means
from study.statistics.gaps import gaps, share_of_gap
from study.statistics.scores import scores
from tests.statistics.rows import NOISE, rows


def lucky(rng: np.random.Generator, n: int, luck: float = 0.3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Costs of a strategy, the prior, and held-out data: a strategy that closes 60 % of the gap."""
    scale = np.exp(luck * rng.normal(size=n))
    noise = 1 + 0.05 * rng.normal(size=(2, n))
    return scale * (1 + 1.2 * noise[0]), scale * (1 + 3 * noise[1]), scale


def share(*costs: np.ndarray) -> np.ndarray:
    """Of one evaluation, `[..., S]`."""
    return share_of_gap(*(np.asarray(of)[..., None] for of in costs))[..., 0]


def test_share_is_a_ratio_of_means_setting_by_setting():
    rng = np.random.default_rng(0)
    own, prior, floor = rng.uniform(1, 2, (3, 4, 6)), rng.uniform(3, 4, (4, 6)), rng.uniform(0, 1, (4, 6))
    own[1, 2, 3] = own[0, 1, :2] = prior[3, 0] = floor[2, 5] = math.nan
    found = share(own, prior, floor)
    for a in range(3):
        for k in range(4):
            there = [s for s in range(6) if not math.isnan(own[a, k, s] + prior[k, s] + floor[k, s])]
            closed = sum(prior[k, s] - own[a, k, s] for s in there)
            gap = sum(prior[k, s] - floor[k, s] for s in there)
            assert np.flatnonzero(~np.isnan(found[a, k])).tolist() == there
            assert np.nanmean(found[a, k]) == pytest.approx(closed / gap)


def test_spread_is_that_of_the_jackknife():
    own, prior, floor = lucky(np.random.default_rng(1), 7)

    def ratio(kept: list[int]) -> float:
        return (prior[kept] - own[kept]).mean() / (prior[kept] - floor[kept]).mean()

    without = np.array([ratio([s for s in range(7) if s != left]) for left in range(7)])
    variance = 6 / 7 * np.square(without - without.mean()).sum()
    assert means(share(own, prior, floor)).error == pytest.approx(math.sqrt(variance))


def test_spread_over_evaluations_is_that_of_the_jackknife_too():
    rng = np.random.default_rng(7)
    luck = np.exp(0.3 * rng.normal(size=(6, 1)) + 0.3 * rng.normal(size=(1, 4)))
    own, prior = luck * rng.uniform(1.9, 2.1, (6, 4)), luck * rng.uniform(2.9, 3.1, (6, 4))

    def spread(axis: int) -> float:
        n = own.shape[axis]
        without = [np.delete(prior - own, i, axis).sum() / np.delete(prior, i, axis).sum() for i in range(n)]
        return (n - 1) / n * float(np.square(np.array(without) - np.mean(without)).sum())

    found = crossed(share_of_gap(own, prior, np.zeros((6, 4))))
    assert found.mean == pytest.approx((prior - own).sum() / prior.sum())
    assert found.error == pytest.approx(math.sqrt(spread(0) + spread(1)))
    assert found.shared == pytest.approx(math.sqrt(spread(1)))


def test_a_seed_that_lacks_an_evaluation_does_not_count():
    rng = np.random.default_rng(8)
    own, prior, floor = rng.uniform(1, 2, (5, 3)), rng.uniform(3, 4, (5, 3)), rng.uniform(0, 1, (5, 3))
    own[2, 1] = math.nan
    found = share_of_gap(own, prior, floor)
    assert np.isnan(found[2]).all()
    kept = [0, 1, 3, 4]
    np.testing.assert_allclose(found[kept], share_of_gap(own[kept], prior[kept], floor[kept]))


def test_spread_tends_to_that_of_the_linearised_ratio():
    own, prior, floor = lucky(np.random.default_rng(2), 2000)
    closed, gap = prior - own, prior - floor
    linear = (closed - closed.mean() / gap.mean() * gap) / gap.mean()
    found = means(share(own, prior, floor))
    assert found.error == pytest.approx(linear.std(ddof=1) / math.sqrt(2000), rel=0.01)


def test_interval_of_one_setting_against_fieller():
    """Fieller's ends are the ratios r at which Student's test does not tell closed − r·gap from zero."""
    for seed in range(10):
        own, prior, floor = lucky(np.random.default_rng([3, seed]), 8, luck=0.1)
        closed, gap = prior - own, prior - floor
        bound = stats.t.ppf(0.975, 7) ** 2 / 8
        cov = np.cov(closed, gap)
        a = gap.mean() ** 2 - bound * cov[1, 1]
        b = closed.mean() * gap.mean() - bound * cov[0, 1]
        c = closed.mean() ** 2 - bound * cov[0, 0]
        root = math.sqrt(b * b - a * c)
        fieller = np.array([b - root, b + root]) / a
        found = np.array(means(share(own, prior, floor)).ends())
        np.testing.assert_allclose(found, fieller, atol=0.1 * (fieller[1] - fieller[0]))


def test_strong_luck_of_trainings_leaves_the_share_covered():
    """The linearised ratio does worse: a lucky training has much of the gap, and so a small residual."""
    rng = np.random.default_rng(4)
    luck = np.exp(0.28 * rng.lognormal(size=(4000, 1, 10)))
    costs = luck * (1 + 0.05 * rng.normal(size=(4000, 2, 10)))
    own, prior = costs[:, 0] / 2, costs[:, 1]
    ratio = (prior - own).mean(1, keepdims=True) / prior.mean(1, keepdims=True)
    linear = ratio + (prior - own - ratio * prior) / prior.mean(1, keepdims=True)
    covered = []
    for contributions in (share(own, prior, np.zeros(10)), linear):
        low, high = means(contributions).ends()
        covered.append(np.mean((low <= 0.5) & (high >= 0.5)))
    error = math.sqrt(0.93 * 0.07 / 4000)
    assert covered[0] > 0.93 - 3 * error and covered[1] < 0.90, covered


def test_luck_and_units_cancel():
    own, prior, floor = lucky(np.random.default_rng(5), 5)
    found = share(own, prior, floor)
    np.testing.assert_allclose(share(7 * own + 3, 7 * prior + 3, 7 * floor + 3), found)
    luck = np.array([1.0, 5.0, 2.0, 0.1, 3.0])
    np.testing.assert_allclose(share(luck * 2, luck * 3, luck), 0.5)
    np.testing.assert_allclose(share(prior, prior, floor), 0)
    np.testing.assert_allclose(share(floor, prior, floor), 1)


def test_one_training_has_a_share_but_no_interval():
    found = means(share(np.array([2.0]), np.array([3.0]), np.array([1.0])))
    assert found.mean == 0.5 and np.isnan(found.error)


PLAIN = {"prior": 3 + NOISE, "gmm": 2 - NOISE, "held-out": [1.0] * 5}


@pytest.mark.parametrize(
    ("state", "changes"),
    [
        ("ok", {}),
        ("ok", {"copycat": 1.1 + NOISE, "reconstruction": 2 + NOISE, "noise": 9 + NOISE}),
        ("no floor", {"held-out": None}),
        ("no floor", {"prior": None}),
        ("no floor", {"held-out": [math.nan] * 4 + [1.0], "prior": [3.0] * 4 + [math.nan]}),
        ("nothing to gain", {"prior": 1 + 5 * NOISE}),
        ("nothing to gain", {"prior": 0.5 + NOISE}),
        ("no decoder to speak of", {"reconstruction": 9 + NOISE, "noise": 9 - NOISE}),
        ("cannot tell", {"copycat": 3.5 + NOISE}),
        ("cannot tell", {"gmm": 0.5 + NOISE}),
        ("ok", {"gmm": 0.99 + 4 * NOISE}),  # less than held-out data by chance
    ],
)
def test_a_metric_shows_an_effect_only_where_it_can(state, changes):
    values = {name: own for name, own in (PLAIN | changes).items() if own is not None}
    for better, sign in (("lower", 1), ("higher", -1)):
        (of,) = scores(rows({name: sign * np.array(own) for name, own in values.items()}, better=better))
        found = gaps(of)
        assert found.states == (state,)
        assert np.isnan(found.shares).all() == np.isnan(found.whole).all() == (state != "ok")


def test_an_error_that_all_trainings_share_does_not_average_out():
    (of,) = scores(rows(PLAIN, stderr=1.2))
    assert gaps(of).states == ("nothing to gain",)
    (of,) = scores(rows(PLAIN | {"gmm": 0.5 + NOISE}, stderr=0.5))
    assert gaps(of).states == ("ok",)  # the reference sample alone may put held-out data behind


@pytest.mark.integration
def test_rivals_that_beat_real_data_by_chance_are_corrected_for():
    rng = np.random.default_rng(6)
    told = []
    for _ in range(200):
        costs = {f"s{i}": 1 + 0.1 * rng.normal(size=5) for i in range(20)}
        (of,) = scores(rows(costs | {"prior": 9 + NOISE, "held-out": [1.0] * 5}))
        told.append(gaps(of).states == ("cannot tell",))
    assert np.mean(told) <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / 200)


def test_few_trainings_and_no_spread_are_judged_by_their_means():
    (of,) = scores(rows({"prior": [3.0, 3.0], "gmm": [2.0, 2.0], "held-out": [1.0, 1.0]}))
    assert gaps(of).states == ("ok",)
    (of,) = scores(rows({"prior": [3.0, 3.0], "gmm": [2.0, 2.0], "held-out": [1.0, 1.0]}, stderr=1.1))
    assert gaps(of).states == ("nothing to gain",)


def test_references_that_one_setting_lacks_say_nothing_of_it():
    none = np.full(5, math.nan)
    values = {name: [own, own] for name, own in PLAIN.items()}
    values |= {
        "copycat": [1 + NOISE, none], "reconstruction": [2 + NOISE, none], "noise": [9 + NOISE, 9 + NOISE],
    }  # fmt: skip
    (of,) = scores(rows(values))
    assert gaps(of).states == ("ok", "ok")


def test_the_average_has_only_settings_that_can_tell():
    values = {
        "prior": [3 + NOISE, 1 + 5 * NOISE, 5 + NOISE],
        "gmm": [2 - NOISE, 9 - NOISE, 4 + NOISE],
        "held-out": [[1.0] * 5] * 3,
    }
    (of,) = scores(rows(values))
    found = gaps(of)
    assert found.states == ("ok", "nothing to gain", "ok")
    np.testing.assert_allclose(found.whole[1], (found.shares[1, 0] + found.shares[1, 2]) / 2)
    assert found.whole[1].mean() == pytest.approx((0.5 + 0.25) / 2)


def test_a_seed_that_lacks_a_setting_is_not_in_the_average():
    own = np.array([2 - NOISE, 4 - NOISE])
    own[1, 3] = math.nan
    (of,) = scores(rows({"prior": [3 + NOISE, 5 + NOISE], "gmm": own, "held-out": [[1.0] * 5] * 2}))
    assert np.isnan(gaps(of).whole[1, :, 0]).tolist() == [False, False, False, True, False]


def test_infinite_scores_warn_of_nothing():
    (of,) = scores(rows(PLAIN | {"gmm": [math.inf, 1.0, -math.inf, 2.0, 1.7e308]}))
    assert not np.isfinite(crossed(gaps(of).shares[1]).error).any()
