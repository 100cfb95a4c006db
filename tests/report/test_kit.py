"""The report kit of experiments: numbers agree with plain loops, and tables have the right texts."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from study.report import kit
from study.report.kit.pairs import Pair
from study.statistics import holm, interval

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


def made(values: dict[tuple[str, float], float], *, without: tuple[int, float] | None = None) -> pd.DataFrame:
    """KID by strategy and β for five seeds, whose luck all strategies share."""
    rng = np.random.default_rng(3)
    luck = {(beta, seed): rng.normal(0, 3) for beta in {b for _, b in values} for seed in range(SEEDS)}
    return pd.DataFrame(
        [
            {"family": "vae", "strategy": name, "beta": beta, "seed": seed, "metric": "kid", "better": "lower",
             "status": "ok", "value": value + luck[beta, seed] + rng.normal(0, 0.01)}
            for (name, beta), value in values.items()
            for seed in range(SEEDS)
            if (seed, beta) != without
        ]
    )  # fmt: skip


def test_conditions_are_compared_at_every_place_and_averaged_over_places():
    values = {("a", 0.5): 1.0, ("b", 0.5): 2.0, ("a", 2.0): 3.0, ("b", 2.0): 3.0}
    pairs = [({"of": "a"}, ("vae", "a"), ("vae", "b")), ({"of": "none"}, ("vae", "a"), ("vae", "c"))]
    found = kit.compared(made(values), ["kid"], pairs, average=True, own="first", other="second")
    assert found["of"].tolist() == ["a"] * 3 and found["beta"].fillna(-1).tolist() == [0.5, 2.0, -1]
    np.testing.assert_allclose(found["difference"], [-1, 0, -0.5], atol=0.05)  # luck of 3 is gone
    np.testing.assert_allclose(found["first"] - found["second"], found["difference"], atol=1e-9)
    assert found["verdict"].tolist() == ["better", "not decided", "better"]
    alone = kit.compared(made(values), ["kid"], pairs[:1])
    assert len(alone) == 2 and found["p_holm"][0] == alone["p_holm"][0]  # averages are a family of their own
    one = kit.compared(made({k: v for k, v in values.items() if k[1] == 0.5}), ["kid"], pairs, average=True)
    assert one["verdict"].tolist() == ["better"]  # the average of one place is that place
    short = kit.compared(made(values, without=(2, 2.0)), ["kid"], pairs, average=True)
    assert short["seeds"].tolist() == [5, 4, 4]


def test_estimates_stay_within_a_range_where_their_mean_does():
    table = pd.DataFrame({"beta": [1.0] * 4 + [2.0] * 4, "a": [0.9, 1.0, 1.0, 0.95, 1.2, 1.1, 1.0, 1.3]})
    found = kit.estimates(table, by=["beta"], of=["a"], within={"a": (0.0, 1.0)})
    assert found["a_high"][0] < 1 and found["a_low"][1] < found["a"][1] == pytest.approx(1.15)
    assert found["a_high"][0] == kit.estimate("a", table["a"][:4], within=(0, 1))["a_high"]


def test_a_readable_table_has_texts():
    table = pd.DataFrame(
        {"beta": [np.nan, 0.5], "x": [np.nan, 0.25], "x_low": [np.nan, 0.2], "x_high": [np.nan, 0.3], "n": [6, 5],
         "difference": [2.0, 1.0], "low": [np.nan, 0.5], "high": [np.nan, 1.5]}
    )  # fmt: skip
    columns: dict[str, kit.Column] = {
        "β": kit.value("beta", missing="all"),
        "n": "n",
        "x, %": kit.cell("x", scale=100, places=0),
    }
    found = kit.readable(table, {**columns, "Δ": kit.change(places=1)})
    assert found.to_dict("list") == {
        "β": ["all", "0.5"], "n": [6, 5], "x, %": ["—", "25 [20, 30]"], "Δ": ["2.0", "1.0 [0.5, 1.5]"]
    }  # fmt: skip
    told = kit.contrast("a", "b", scale=100, places=0)
    row = {
        "a": 0.5,
        "b": 0.25,
        "difference": 0.25,
        "low": 0.2,
        "high": 0.3,
        "verdict": "better",
        "detectable": 0.1,
    }
    assert kit.readable(pd.DataFrame([row]), told).to_dict("records") == [
        {"a": "50", "b": "25", "difference": "25 [20, 30]", "verdict": "better", "would be seen": "10"}
    ]
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
    assert kit.unseen(rows) == " (only differences above 0.1 to 0.25 would probably have been seen)"
    assert (
        kit.unseen(rows[:1], scale=100, unit=" points")
        == " (only differences above 10 points would probably have been seen)"
    )
    assert kit.unseen(rows[2:]) == kit.unseen([]) == ""


def rows(*verdicts: str) -> pd.DataFrame:
    size = {"difference": -1.0, "low": -2.0, "high": -0.5, "detectable": 0.3}
    return pd.DataFrame(
        [{"beta": 0.5 * (i + 1), "verdict": v, "name": f"n{i}", **size} for i, v in enumerate(verdicts)]
    )


def test_places_are_named_if_they_are_few_and_counted_if_many():
    few = rows("better", "not decided", "better", "none")
    assert kit.placed(few) == "better at β = 0.5 and 1.5, not decided at 1 and without an interval at 2"
    said = kit.placed(few, {"better": "sharper"}, sizes=lambda own: f"{len(own)} of them")
    assert said == "sharper at β = 0.5 and 1.5 (2 of them), not decided at 1 and without an interval at 2"
    many = kit.placed(rows(*["worse"] * 6, "equivalent"))
    assert many == "worse at 6 of 7 settings and equivalent at 3.5"
    assert kit.placed(rows(*["worse"] * 6)) == "worse at all 6 settings"
    one = {"alpha": 10.0, "beta": 0.5}
    assert (kit.at(one), kit.at({"beta": 2})) == ("α = 10, β = 0.5", "β = 2")
    assert kit.where([one], 3) == "1 of 3 settings" and kit.where([one], 1) == "all 1 settings"


def test_clauses_list_verdicts_and_never_make_a_tie_of_what_is_open():
    said = kit.clauses(
        rows("worse", "not decided", "better", "none"), lambda row: f"{row['name']} by {kit.size(row)}",
        lambda row: str(row["name"]), what="a share",
    )  # fmt: skip
    assert said == [
        "better in n2 by 1.00 [0.50, 2.00]",
        "worse in n0 by 1.00 [0.50, 2.00]",
        "not decided in n1 (only shares above 0.3 would probably have been seen)",
        "without an interval in n3",
    ]


def test_of_many_rows_the_ends_are_said():
    table = pd.DataFrame({"x": [3.0, 1.0, 2.0, 4.0]})
    assert kit.ranged(table[:3], "x", lambda row: f"{row['x']:g}") == "3, 1 and 2"
    assert kit.ranged(table, "x", lambda row: f"{row['x']:g}") == "from 1 to 4"
    assert kit.ranged(table[:0], "x", str) == ""


def test_an_answer_takes_the_first_further_sentence_that_fits():
    lead = " ".join(["word"] * 50) + "."
    assert kit.brief(lead, "", " ".join(["long"] * 10), "A short one.") == f"{lead} A short one."
    assert kit.brief(lead, " ".join(["long"] * 10)) == lead
    assert kit.brief(lead, " ".join(["fits"] * 9)).count("fits") == 9


def test_verdicts_from_intervals_are_those_of_students_test_with_holms_correction():
    """Where the whole interval is Student's over five trainings, so is the p-value."""
    values = np.random.default_rng(0).normal([-0.02, -0.3, 0.03, 0.4], 0.05, (5, 4)).T
    tests = [stats.ttest_1samp(own, 0) for own in values]
    ends = pd.DataFrame([test.confidence_interval(0.95) for test in tests], columns=["low", "high"])
    mean, seeds = pd.Series(values.mean(1)), pd.Series([5] * 4)
    p = holm(np.array([test.pvalue for test in tests]))
    found = kit.decided(mean, ends["low"], ends["high"], seeds)
    assert found.tolist() == [
        "not decided" if q >= 0.05 else "worse" if m < 0 else "better" for q, m in zip(p, mean, strict=True)
    ]
    assert set(found) == {"not decided", "worse", "better"}
    one = kit.decided(
        pd.Series([-0.055] * 3), pd.Series([-0.105] * 3), pd.Series([-0.005] * 3), pd.Series([5] * 3)
    )
    assert set(one) == {"not decided"}  # each alone is told
    assert set(kit.decided(mean, ends["low"] * np.nan, ends["high"] * np.nan, seeds)) == {"none"}


def test_the_least_and_the_largest_difference_are_said_with_their_intervals():
    rows = [
        {"difference": -3.0, "low": -4.0, "high": -2.0},
        {"difference": 1.0, "low": 0.5, "high": 1.5},
        {"difference": 2.0, "low": 1.0, "high": 3.0},
    ]
    assert kit.extremes(rows) == "1.00 [0.50, 1.50] to 3.00 [2.00, 4.00]"
    assert kit.extremes(rows[:1]) == "3.00 [2.00, 4.00]"
    assert kit.extremes(rows[1:], scale=100, places=0) == "100 [50, 150] to 200 [100, 300]"
