"""Those that may be the best, by simulations."""

import math

import numpy as np
import pytest

from study.statistics.leaders import leader, may_be_best
from tests.statistics.rows import NOISE


def may(scores: np.ndarray) -> np.ndarray:
    """Of scores `[A, S]` by one evaluation."""
    return may_be_best(scores[..., None])


def first(scores: np.ndarray, names: str) -> str | None:
    return leader(scores[..., None], names)


@pytest.mark.integration
@pytest.mark.parametrize("behind", [[0.0] * 6, [0.0, 0.0, 0.3, 0.6, 1.0, 2.0], [0.0] + [0.1] * 9])
def test_the_true_best_is_left_out_in_at_most_five_percent(behind):
    rng = np.random.default_rng(len(behind))
    luck = rng.normal(size=(3000, 1, 5))
    scores = luck + rng.normal(size=(3000, len(behind), 5)) - np.array(behind)[:, None]
    kept = np.mean([may(one)[0] for one in scores])
    assert kept >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 3000)


def test_a_single_clear_winner_is_alone():
    scores = np.array([3 + NOISE, 1 - NOISE, 2 + NOISE[::-1], 2.9 * np.ones(5) + 4 * NOISE[::-1]])
    assert may(scores[:3]).tolist() == [True, False, False]
    assert may(scores).tolist() == [True, False, False, True]


def test_strategies_are_compared_on_the_same_trainings():
    luck = np.array([1.0, 5.0, 2.0, 9.0, 4.0])  # far larger than the difference
    assert may(np.array([luck, luck - 0.5 + NOISE])).tolist() == [True, False]


def test_no_spread_leaves_nobody_out():
    assert may(np.array([[1.0] * 5, [0.5] * 5])).all()


def test_no_scores_and_few_scores():
    none = [math.nan] * 5
    assert may(np.array([none, 1 + NOISE, 2 - NOISE])).tolist() == [False, False, True]
    assert may(np.array([none, 1 + NOISE])).tolist() == [False, True]
    assert may(np.array([none, none])).tolist() == [False, False]
    assert may(np.array([[0.0, math.nan], [9.0, 8.0]])).tolist() == [True, True]
    assert may(np.array([[math.inf, 1.0, -math.inf], [1.0, 2.0, 3.0]])).all()


def test_leader_has_the_best_mean_of_those_that_lack_no_seed():
    scores = np.array([1 + NOISE, 2 + NOISE, 3 + NOISE])
    assert first(scores, "abc") == "c"
    scores[2, 1] = math.nan
    assert first(scores, "abc") == "b"
    scores[:, 1] = math.nan  # nobody has it
    assert first(scores, "abc") == "c"
    assert first(np.full((3, 2), math.nan), "abc") is None
