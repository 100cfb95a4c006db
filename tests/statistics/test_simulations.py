"""What simulations find is what is committed, what the report says, and what the docstring claims."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.statistics import simulations
from study.statistics.simulations import DISTRIBUTIONS, FOUND, SEEDS, WHAT, simulate

COMMITTED = pd.read_csv(Path(__file__).parents[2] / "results" / "simulations.csv")
SYMMETRIC = ("normal", "t3")
POINT = 0.01  # which intervals of shares cover less, as the docstring says
KEY = ["what", "distribution", "seeds"]


def test_what_is_committed_is_complete():
    found = set(COMMITTED[KEY].itertuples(index=False, name=None))
    assert found == {(what, name, n) for what in WHAT for name in DISTRIBUTIONS for n in SEEDS}
    assert len(COMMITTED) == len(found) and (COMMITTED["repetitions"] == simulations.REPETITIONS).all()
    error = np.sqrt(COMMITTED["found"] * (1 - COMMITTED["found"]) / COMMITTED["repetitions"])
    np.testing.assert_allclose(COMMITTED["stderr"], error, atol=6e-5)


@pytest.mark.integration
def test_fewer_repetitions_find_the_same_within_their_error():
    few = 200
    found = simulate(repetitions=few, seed=1)
    pd.testing.assert_frame_equal(found[KEY], COMMITTED[KEY])
    np.testing.assert_allclose(found["nominal"], COMMITTED["nominal"])
    rate = (few * found["found"] + 4000 * COMMITTED["found"]) / (few + 4000)
    error = np.sqrt(rate * (1 - rate) * (1 / few + 1 / 4000))
    # 156 rows: four standard errors, and one repetition, since rates near 0 and 1 are no normal numbers
    assert ((found["found"] - COMMITTED["found"]).abs() <= 4 * error + 1.01 / few).all()


@pytest.mark.slow
def test_simulations_are_those_committed():
    np.testing.assert_allclose(simulate()["found"], COMMITTED["found"], atol=5.1e-5)


def test_the_report_says_what_was_found_with_five_seeds():
    five = COMMITTED[COMMITTED["seeds"] == 5].set_index(["what", "distribution"])["found"]
    for place, said in FOUND.items():
        assert said == pytest.approx(five[place], abs=5.1e-4)


def short(rows: pd.DataFrame) -> np.ndarray:
    """By how many standard errors, of a rate as it should be, each row is worse than that."""
    nominal, found = rows["nominal"].to_numpy(), rows["found"].to_numpy()
    error = np.sqrt(nominal * (1 - nominal) / rows["repetitions"].to_numpy())
    sign = np.where(rows["what"].str.contains("family"), -1, 1)  # of errors, less is better
    return sign * (nominal - found) / error


def of(*whats: str, distributions: tuple[str, ...] = tuple(DISTRIBUTIONS)) -> pd.DataFrame:
    return COMMITTED[COMMITTED["what"].isin(whats) & COMMITTED["distribution"].isin(distributions)]


def test_symmetric_contributions_hold():
    whats = ("coverage", "settings", "family", "family, signed ranks", "family, signs")
    rows = of(*whats, distributions=SYMMETRIC)
    assert len(rows) == 5 * 2 * 3 and (short(rows) <= 3).all()


def test_the_set_of_the_best_and_detectable_effects_hold_everywhere():
    rows = of("best", "detectable")
    assert len(rows) == 2 * 4 * 3 and (short(rows) <= 3).all()


def test_shares_hold_but_for_a_point():
    rows = of("share", "share family")
    assert len(rows) == 2 * 4 * 3
    sign = np.where(rows["what"] == "share", -1, 1)
    assert (short(rows.assign(nominal=rows["nominal"] + sign * POINT)) <= 3).all()


def test_evaluations_hold_for_trainings_as_skewed_as_a_lognormal_and_seeds_alone_do_not():
    rows = of("evaluations", "share, evaluations", "share family, evaluations")
    assert len(rows) == 3 * 4 * 3
    sign = np.where(rows["what"].str.contains("family"), 1, -1)
    assert (short(rows.assign(nominal=rows["nominal"] + sign * POINT)) <= 3).all()
    alone = of("evaluations, seeds alone")
    assert len(alone) == 4 * 3 and (alone["found"] < 0.8).all()


def test_skewed_contributions_do_not_hold():
    rows = of("coverage", "settings", "family", distributions=("exponential", "lognormal"))
    assert len(rows) == 3 * 2 * 3 and (short(rows) > 3).all()


def test_ranks_and_signs_decide_nothing_with_five_seeds_and_do_not_hold_if_skewed():
    rows = of("family, signed ranks", "family, signs")
    assert (rows.loc[rows["seeds"] == 5, "found"] == 0).all()
    skewed = rows[~rows["distribution"].isin(SYMMETRIC) & (rows["seeds"] > 5)]
    assert len(skewed) == 2 * 2 * 2 and (short(skewed) > 3).all()
