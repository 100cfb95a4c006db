"""The report kit of experiments: numbers agree with plain loops, and tables have the right texts."""

import numpy as np
import pandas as pd
import pytest

from study.report import kit
from study.report.kit.pairs import Pair
from study.statistics import interval

SEEDS = 5


def metrics() -> pd.DataFrame:
    """Two families at two β, two draws of each value, and one value that could not be measured."""
    rng = np.random.default_rng(0)
    rows = [
        {"family": family, "strategy": "prior", "metric": metric, "better": "lower", "beta": beta, "seed": seed,
         "value": rng.normal(), "status": "ok"}
        for family in ("vae", "gan")
        for beta in (0.5, 2.0)
        for seed in range(SEEDS)
        for metric in ("kid", "fd")
        for _ in range(2)
    ]  # fmt: skip
    return pd.DataFrame([*rows, {**rows[0], "value": 1e9, "status": "missing"}])


def test_an_estimate_is_mean_and_interval_and_stays_within_its_range():
    values = [0.9, 1.0, 1.0, 0.7, 1.0]
    mean, low, high = interval(np.array(values))
    assert kit.estimate("x", values) == {"x": mean, "x_low": low, "x_high": high}
    assert high > 1
    inside = kit.estimate("x", values, within=(0, 1))
    assert inside["x"] == mean and 0 < inside["x_low"] < mean < inside["x_high"] < 1


def test_without_spread_or_seeds_there_is_no_interval():
    """That five trainings agree does not make a sixth certain."""
    for values in ([1.0] * 5, [0.5, 0.7]):
        for within in (None, (0.0, 1.0)):
            found = kit.estimate("x", values, within=within)
            assert found["x"] == np.mean(values) and np.isnan([found["x_low"], found["x_high"]]).all()


def test_estimates_are_those_of_each_group():
    table = pd.DataFrame(
        {"beta": [1.0] * 4 + [np.nan] * 3, "a": range(7), "b": [np.nan] * 4 + [1.0, 2.0, 4.0]}
    )
    found = kit.estimates(table, by=["beta"], of=["a", "b", "absent"], counted="seeds")
    assert found["seeds"].tolist() == [4, 3] and "absent" not in found
    assert found["a"].tolist() == [1.5, 5.0] and np.isnan(found["beta"][1])
    assert np.isnan(found["b"][0]) and found["b"][1] == pytest.approx(7 / 3)
    assert found["a_low"][0] == kit.estimate("a", range(4))["a_low"]


def test_values_and_tables_average_draws_and_leave_out_what_was_not_measured():
    frame = metrics()
    own = frame[(frame["status"] == "ok") & (frame["metric"] == "kid")]
    found = kit.values(frame, ["kid"], by=["family", "beta", "seed"])
    pd.testing.assert_series_equal(found, own.groupby(["family", "beta", "seed"])["value"].mean())
    tables = {
        name: table
        for name, _, table in kit.each_metric(frame, ["fd", "kid"], rows=["beta", "seed"], columns=["family"])
    }
    assert list(tables) == ["fd", "kid"]
    np.testing.assert_allclose(tables["kid"]["gan"], found["gan"])
    places = dict((place["beta"], len(part)) for place, part in kit.each_place(tables["kid"], ["beta"]))
    assert places == {0.5: SEEDS, 2.0: SEEDS}


def pair(shift: float, *, seeds: int = SEEDS, better: str = "lower", family: str = "f") -> Pair:
    luck = pd.Series(np.random.default_rng(1).normal(0, 9, seeds), index=range(seeds))
    small = pd.Series(np.random.default_rng(2).normal(0, 0.01, seeds), index=range(seeds))
    return Pair({"better": better, "shift": shift}, luck + shift + small, luck[::-1], family)


def test_pairs_are_joined_by_seed_and_corrected_within_their_family():
    alone = kit.paired([pair(-1.0)], own="a", other="b").iloc[0]
    assert (alone["difference"], alone["a"] - alone["b"]) == (pytest.approx(-1, abs=0.02),) * 2
    assert alone["verdict"] == "better" and alone["seeds"] == SEEDS
    found = kit.paired([pair(-1.0), pair(1.0), pair(0.0), pair(-1.0, family="g")])
    assert found["verdict"].tolist() == ["better", "worse", "not decided", "better"]
    assert found["p_holm"][0] > found["p_holm"][3] == alone["p_holm"]
    assert (found["detectable"] > 0).all() and abs(found["difference"][2]) < found["detectable"][2]
    short = pair(-1.0)
    short.own.iloc[0] = np.nan
    assert kit.paired([short])["seeds"].tolist() == [SEEDS - 1]
    assert kit.paired([Pair({"better": "lower"}, short.own[:0], short.other, "f")]).empty


def test_the_average_takes_seeds_that_have_every_setting():
    index = pd.MultiIndex.from_product([[0.5, 2.0], range(3)], names=["beta", "seed"])
    table = pd.DataFrame({("vae", "prior"): np.arange(6.0)}, index=index).drop((2.0, 1))
    parts = list(kit.at_each(table, "beta"))
    assert [beta for beta, _ in parts[:2]] == [0.5, 2.0] and np.isnan(parts[2][0])
    assert parts[2][1].index.tolist() == [0, 2] and parts[2][1].iloc[:, 0].tolist() == [1.5, 3.5]
    assert len(list(kit.at_each(table.loc[[0.5]], "beta"))) == 1


def test_a_readable_table_has_texts_and_averages_first():
    table = pd.DataFrame(
        {"alpha": [1.0, np.nan], "beta": [0.5, np.nan], "x": [0.25, np.nan], "x_low": [0.2, np.nan],
         "x_high": [0.3, np.nan], "difference": [1.0, 2.0], "low": [0.5, np.nan], "high": [1.5, np.nan], "n": [5, 6]}
    )  # fmt: skip
    columns: dict[str, kit.Column] = {
        "β": kit.value("beta", missing="all"),
        "n": "n",
        "x, %": kit.cell("x", scale=100, places=0),
    }
    found = kit.readable(kit.averages_first(table), {**columns, "Δ": kit.change(places=1)})
    assert found.to_dict("list") == {
        "β": ["all", "0.5"], "n": [6, 5], "x, %": ["—", "25 [20, 30]"], "Δ": ["2.0", "1.0 [0.5, 1.5]"]
    }  # fmt: skip
    assert list(kit.several(["x", "y"], table)) == ["x"]
    assert list(kit.several(["x"], table.rename(columns={"x": "kid"}).assign(x=np.nan))) == []
    assert list(kit.several(["kid"], table.rename(columns={"x": "kid"}), named=True)) == ["KID"]


def test_of_a_metric_best_at_one_the_distance_is_compared_seed_by_seed():
    """Means of 1 on both sides, but one of them strays: |v − 1| is 0.2 against 0.01."""
    seeds = range(SEEDS)
    stray = pd.Series([0.8, 1.2, 0.79, 1.21, 1.0 + 0.2], index=seeds)
    close = pd.Series([1.01, 0.99, 1.011, 0.989, 1.01], index=seeds)
    found = kit.paired(
        [Pair({"better": "one"}, close, stray, "f"), Pair({"better": "one"}, stray, close, "f")]
    )
    assert found["difference"].tolist() == pytest.approx([-0.1938, 0.1938], abs=1e-3)
    assert found["verdict"].tolist() == ["better", "worse"]


def test_sentences_know_verdicts_and_sizes():
    rows = pd.DataFrame({"verdict": ["not decided", "worse", "none", "better", "worse", "equivalent"]})
    found = kit.by_verdict(rows.assign(i=range(6)))
    assert {name: [row["i"] for row in own] for name, own in found.items()} == {
        "better": [3], "worse": [1, 4], "equivalent": [5], "not decided": [0], "none": [2]
    }  # fmt: skip
    assert list(found) == ["better", "worse", "equivalent", "not decided", "none"]
    assert not kit.undecided(rows) and kit.undecided(rows.assign(verdict="none"))
    assert kit.size({"difference": -2.0, "low": -3.0, "high": -1.0}) == "2.00 [1.00, 3.00]"
    assert kit.size({"difference": 0.2, "low": 0.1, "high": 0.3}, scale=100, places=0) == "20 [10, 30]"


def test_what_would_have_been_seen_is_what_every_contrast_would_have_shown():
    rows = [{"detectable": size} for size in (0.1, 0.25, np.nan)]
    assert kit.unseen(rows) == " (a difference of 0.25 would probably have been seen)"
    assert (
        kit.unseen(rows[:1], scale=100, unit=" points")
        == " (a difference of 10 points would probably have been seen)"
    )
    assert kit.unseen(rows[2:]) == kit.unseen([]) == ""
