"""Intervals and verdicts of the kit cover trainings and evaluations, and sentences say which of them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from study.report import frames, kit
from study.report.kit.crossed import by_evaluation
from study.report.kit.pairs import Pair
from study.report.text import limits
from study.statistics import evaluations, interval, summarise
from study.tables.results import Results

S, E = 5, 4
OVER = " over trainings, feature extractors and halves of test"


def series(values: np.ndarray) -> pd.Series:
    """`[S, E]` as a series of scores."""
    index = pd.MultiIndex.from_product([range(n) for n in values.shape], names=["seed", "evaluation"])
    return pd.Series(values.ravel(), index)


def pair(own: np.ndarray, family: int = 0, *, better: str = "lower") -> Pair:
    """Differences `[S, E]` of two conditions that share the luck of trainings and of evaluations."""
    other = series(np.random.default_rng(0).normal(0, 9, own.shape))
    return Pair({"better": better}, other + series(own), other, family)


def disagreeing() -> np.ndarray:
    """Evaluations differ by about 1, trainings by about 0.01: the mean over evaluations is about −0.3 in each."""
    seeds = np.random.default_rng(1).normal(0, 0.01, (S, 1))
    return -0.3 + seeds + np.array([-1.5, -0.5, 0.5, 1.5])


def test_evaluations_that_disagree_leave_a_contrast_undecided():
    """Although every training agrees under the mean of evaluations, which alone would be "better"."""
    values = disagreeing()
    assert (values.mean(1) < -0.25).all()
    told = kit.paired([pair(values)]).iloc[0]
    assert told["verdict"] == "not decided" and told["low"] < 0 < told["high"] and told["seeds"] == S
    assert told["detectable"] > 1
    averaged = pd.Series(values.mean(1))
    assert kit.paired([Pair({"better": "lower"}, averaged, 0 * averaged, 0)])["verdict"].tolist() == [
        "better"
    ]
    alike = kit.paired([pair(np.broadcast_to(values[:, 1:3].mean(1, keepdims=True), (S, E)))])
    assert alike["verdict"].tolist() == ["better"]  # several evaluations that agree are no obstacle


def test_the_error_is_that_of_both_factors():
    """By hand: Student's reaches over the means of trainings and over those of evaluations, their squares added."""
    values = np.random.default_rng(2).normal(0, 1, (S, E)) + np.arange(E)
    parts = [
        stats.t.ppf(0.975, n - 1) ** 2 * values.mean(axis).var(ddof=1) / n for axis, n in ((1, S), (0, E))
    ]
    reach = np.sqrt(sum(parts))
    found = kit.estimate("x", series(values))
    expected = [values.mean(), values.mean() - reach, values.mean() + reach]
    np.testing.assert_allclose([*found.values()], expected)
    row = kit.paired([pair(values)]).iloc[0]
    np.testing.assert_allclose(row[["difference", "low", "high"]].to_numpy(float), expected)
    inside = kit.estimate("x", series(0.5 + 0.1 * values), within=(0, 1))
    assert [*inside.values()] == [*interval(0.5 + 0.1 * values, within=(0, 1))]


@pytest.mark.integration
def test_fresh_evaluations_are_seldom_taken_for_an_effect():
    """400 differences of zero whose evaluations share luck: at most 5 % told, up to 3 errors of 1.1 points."""
    rng = np.random.default_rng(3)
    values = [
        rng.normal(0, 0.1, (S, 1)) + rng.normal(0, 1, (1, E)) + rng.normal(0, 0.1, (S, E)) for _ in range(400)
    ]
    told = kit.paired([pair(one, i) for i, one in enumerate(values)])["verdict"] != "not decided"
    assert told.mean() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    alone = [pd.Series(one.mean(1)) for one in values]
    wrong = kit.paired([Pair({"better": "lower"}, one, 0 * one, i) for i, one in enumerate(alone)])["verdict"]
    assert (wrong != "not decided").mean() > 0.5  # as it would be with intervals over trainings alone


def test_a_training_without_an_evaluation_is_left_out():
    own = pair(disagreeing())
    own.own.iloc[1] = np.nan
    assert kit.paired([own])["seeds"].tolist() == [S - 1]
    without = Pair(own.facts, own.own.drop(0, level="seed"), own.other.drop(0, level="seed"), 0)
    assert kit.paired([own])["low"].tolist() == kit.paired([without])["low"].tolist()
    assert by_evaluation(without.own).shape == (S - 1, E)
    assert by_evaluation(pd.Series([1.0, 2.0])).shape == (2, 1)


def metrics(values: np.ndarray) -> pd.DataFrame:
    """KID of two strategies at two β under each evaluation, and a cost that is measured once."""
    rows = [
        {"strategy": name, "beta": beta, "seed": s, "evaluation": e, "metric": metric, "better": "lower",
         "status": "ok", "draw": draw, "value": 5 + (values[s, e] if name == "a" else 0) + s + (-1) ** draw}
        for name in ("a", "b") for beta in (0.5, 2.0) for s in range(S) for e in range(E) for draw in (0, 1)
        for metric in (("kid", "authenticity") if e == 0 else ("kid",))
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_conditions_are_compared_over_both_factors_also_averaged_over_places():
    pairs = [({"of": "a"}, "a", "b")]
    frame = metrics(disagreeing())
    found = kit.compared(frame, ["kid", "authenticity"], pairs, columns=["strategy"], average=True)
    assert set(found.loc[found["metric"] == "kid", "verdict"]) == {"not decided"}
    assert found.groupby("metric").size().to_dict() == {"kid": 3, "authenticity": 3}
    assert (found["seeds"] == S).all()
    once = found[found["metric"] == "authenticity"]
    assert set(once["verdict"]) == {"better"}  # one evaluation, so trainings alone
    np.testing.assert_allclose(found.loc[found["metric"] == "kid", "difference"], disagreeing().mean())
    first = frame[frame["evaluation"] == 0]
    for same in (first, first.drop(columns="evaluation")):
        told = kit.compared(same, ["kid"], pairs, columns=["strategy"], average=True)
        np.testing.assert_allclose(told["low"], once["low"])


def test_estimates_cover_evaluations_and_count_trainings():
    values = disagreeing()
    table = series(values).rename("x").reset_index().assign(beta=1.0)
    table["once"] = table["x"].where(table["evaluation"] == 0)
    found = kit.estimates(table, by=["beta"], of=["x", "once"]).iloc[0]
    assert found["trainings"] == S
    assert (found["x"], found["x_low"], found["x_high"]) == interval(values)
    assert (found["once"], found["once_low"], found["once_high"]) == pytest.approx(interval(values[:, 0]))
    assert found["x_high"] > 0 > interval(values.mean(1))[2]


def test_shares_of_the_gap_are_a_ratio_of_means_over_both_factors():
    rng = np.random.default_rng(4)
    prior, own = (1 + 0.1 * rng.normal(size=(S, E)) for _ in range(2))
    floor = 0.1 * rng.normal(size=(S, E))
    found = kit.share_closed(series(0.4 * own), series(prior), series(floor))
    assert found.index.names == ["seed", "evaluation"] and len(found) == S * E
    assert found.mean() == pytest.approx((prior - 0.4 * own).mean() / (prior - floor).mean())
    shuffled = series(0.4 * own).sample(frac=1, random_state=0)
    again = kit.share_closed(shuffled, series(prior)[shuffled.index], series(floor)[shuffled.index])
    pd.testing.assert_series_equal(again.sort_index(), found.sort_index(), check_names=False)
    plain = kit.share_closed(*(pd.Series(side[:, 0]) for side in (0.4 * own, prior, floor)))
    one = kit.share_closed(*(series(side[:, :1]) for side in (0.4 * own, prior, floor)))
    np.testing.assert_allclose(plain, one)
    short = series(0.4 * own)
    short.iloc[0] = np.nan
    assert kit.share_closed(short, series(prior), series(floor)).isna().sum() == E


def results(frame: pd.DataFrame, **facts: object) -> Results:
    none = pd.DataFrame()
    return Results(none, frame, none, none, none, {}, facts)


def test_what_intervals_cover_is_said_once_for_all():
    frame = metrics(disagreeing())
    several, once = results(frame), results(frame[frame["evaluation"] == 0])
    assert kit.covered(several, ["kid"]) == OVER
    assert (
        kit.covered(several, ["kid", "authenticity", "fd"])
        == f"{OVER} (of authenticity over trainings alone)"
    )
    for made in (
        once,
        results(once.metrics.drop(columns="evaluation")),
        results(frame.assign(status="failed")),
    ):
        assert kit.covered(made, ["kid"]) == " over training runs"
        assert kit.covered(made, ["kid"], alone="") == ""
    assert kit.covered(several, ["authenticity"]) == " over training runs"


def test_evaluations_that_repeat_each_other_are_one():
    """Principal components have no seed, and halves of a series keep its order: all evaluations are then the same."""
    frame = metrics(disagreeing())
    first = frame[frame["evaluation"] == 0]
    kid = first[first["metric"] == "kid"]
    same = pd.concat([first, *(kid.assign(evaluation=e) for e in range(1, E))], ignore_index=True)
    assert evaluations(frame).to_dict() == {"authenticity": 1, "kid": E}
    assert evaluations(same).to_dict() == {"authenticity": 1, "kid": 1}
    assert kit.covered(results(same), ["kid"]) == " over training runs"
    place: dict[str, Any] = {
        "run_id": "a",
        "alpha": 1.0,
        "noise_variance": 0.5,
        "fit": 0,
        "draw": 0,
        "stderr": 0.1,
        "n": 9,
    }
    seeds, both = "training seeds", "training seeds, feature extractors and halves of test data"
    for table, over in ((same, seeds), (frame, both)):
        run = table["seed"].map(str) + table["beta"].map(str)
        summary = summarise(table.assign(**place, reference="").assign(run_id=run))
        assert frames.over(summary) == over
        assert ("alone" in limits.covered(summary)) == (over == seeds)


def test_one_extractor_for_all_evaluations_is_not_called_several():
    """Principal components and a network of the user's are the same under all evaluations."""
    frame = metrics(disagreeing())
    same, differ = ({"extractor": {"digests": digests}} for digests in (["a", "a"], ["a", "b"]))
    assert kit.covered(results(frame, **same), ["kid"]) == " over trainings and halves of test"
    assert kit.covered(results(frame, **differ), ["kid"]) == OVER
    assert kit.covered(results(frame, extractor="classifier"), ["kid"]) == OVER


def test_a_measurement_can_be_read_by_evaluation():
    frame = metrics(disagreeing()).query("beta == 2").assign(run_id=lambda rows: rows["seed"].map(str))
    each = frames.measured(results(frame), "kid", each=True)
    assert each.index.names == ["run_id", "evaluation"] and len(each) == S * E
    mean = frames.measured(results(frame), "kid")
    np.testing.assert_allclose(each.groupby("run_id").mean(), mean)
    bare = results(frame[frame["evaluation"] == 0].drop(columns="evaluation"))
    assert frames.measured(bare, "kid", each=True).index.names == ["run_id"]
