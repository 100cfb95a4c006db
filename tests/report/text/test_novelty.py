import dataclasses
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.report import frames
from study.report.plots.nearest import nearest
from study.report.text.answer import answer
from study.report.text.contest import contest
from study.report.text.main_table import main_table
from study.report.text.novelty import COPIES, copying, differences, leaning, novelty_table, silent
from study.statistics import summarise
from study.statistics.novelty import controls
from study.statistics.scores import scores
from study.tables.results import load_results

ROOT = Path(__file__).parents[3]


def test_the_interval_joins_that_of_the_strategy_and_that_of_held_out_data(summary):
    """Computed by hand from the summary: squares of the half widths add."""
    rows = frames.averaged(summary)
    rows = rows[rows["metric"] == "nearer_to_train"].set_index("strategy")
    row, real = rows.loc["posterior"].to_dict(), rows.loc["held-out"].to_dict()
    found = differences(summary).set_index("strategy").loc["posterior"].to_dict()
    assert found["difference"] == pytest.approx(row["mean"] - real["mean"])
    below = [row["mean"] - row["low_mean"], 1.96 * real["stderr"], real["high_mean"] - real["mean"]]
    assert found["difference"] - found["low"] == pytest.approx(np.sqrt(np.square(below).sum()), rel=1e-3)
    assert found["low"] < found["difference"] < found["high"]


def test_copies_are_marked_by_direction(summary):
    """Marked only if the whole interval is on the side of copying, given the metric's direction."""
    sure = summary.assign(stderr=1e-9)
    found = differences(sure)
    lower = found.set_index("strategy")
    assert lower.loc["posterior", "copies"] and not lower.loc["prior", "copies"]
    other = differences(sure.assign(better=sure["better"].replace("lower", "higher")))
    assert not other.set_index("strategy").loc["posterior", "copies"]
    table = novelty_table(sure)
    assert table is not None
    marked = [name for name, text in table.rows if COPIES in text]
    assert marked == frames.strategies(found[found["copies"]])
    assert "held-out" not in [name for name, _ in table.rows]


def test_an_unknown_error_marks_nothing(summary):
    unknown = differences(summary.assign(stderr=np.nan))
    assert not unknown["copies"].any()
    assert set(silent(summary.assign(stderr=np.nan)).values()) == {"copies are not flagged"}


def with_nearer(summary: pd.DataFrame, **values: float) -> pd.DataFrame:
    """The summary with other means of `nearer_to_train`, and intervals as wide as before."""
    changed = summary.copy()
    for name, value in values.items():
        of = (changed["strategy"] == name.replace("_", "-")) & (changed["metric"] == "nearer_to_train")
        for column in ("low_mean", "high_mean"):
            changed.loc[of, column] += value - changed.loc[of, "mean"]
        changed.loc[of, "mean"] = value
    return changed.assign(stderr=0.01)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({}, ""),
        ({"noise": 0.94}, "noise is flagged"),  # a series that drifts
        ({"held_out": 0.03, "noise": 0.94, "posterior": 1.0}, "noise is flagged"),
        ({"held_out": 0.99, "copycat": 1.0, "noise": 1.0}, "copies are not flagged"),  # at its ceiling
        ({"held_out": 0.7}, "held-out data are flagged"),
    ],
)
def test_a_measure_that_fails_a_control_gives_no_verdict(summary, values, why):
    changed = with_nearer(summary, **values)
    assert silent(changed)["nearer_to_train"] == why
    table, of = novelty_table(changed), contest(changed)
    assert table is not None and of is not None
    assert ("no verdict: this measure cannot tell here" in table.caption) == bool(why)
    marks = [text for row in table.rows for text in row if COPIES in text]
    assert bool(marks) == (not why) and (not why or not of.leans)
    said = " ".join([answer(changed).headline, *answer(changed).details])
    assert ("this measure cannot tell here" in said) == bool(why)
    assert not why or not re.search("leans towards|no sign of copying", said)


@pytest.mark.parametrize(
    ("control", "why"), [("copycat", "copies were not scored"), ("noise", "noise was not scored")]
)
def test_a_measure_without_a_control_gives_no_verdict(summary, control, why):
    changed = summary[summary["strategy"] != control].assign(stderr=0.01)
    assert silent(changed) == {"nearer_to_train": why}


def test_other_baselines_and_single_settings(summary):
    setting = frames.settings(summary)[0]
    found = differences(summary, baseline="reconstruction", setting=setting)
    rows = frames.at(summary, setting)
    mean = rows[rows["metric"] == "nearer_to_train"].set_index("strategy")["mean"]
    expected = mean.drop("reconstruction") - mean["reconstruction"]
    np.testing.assert_allclose(found.set_index("strategy")["difference"], expected.loc[found["strategy"]])


def test_nothing_measured_is_no_table(summary):
    assert novelty_table(summary[summary["metric"] != "nearer_to_train"]) is None
    assert novelty_table(summary[summary["strategy"] != "held-out"]) is None


def test_pairs_put_a_sample_beside_its_neighbour(results, summary):
    """Samples and neighbours have known values: they alternate along a row, in four pairs."""
    flat = {
        name: np.full_like(array, 0 if name.endswith("/nearest") else 255)
        for name, array in results.samples.items()
    }
    figure = nearest(dataclasses.replace(results, samples=flat), summary)
    assert figure is not None
    canvas = np.asarray(figure.axes[0].images[0].get_array())
    line = canvas[0][canvas[0][:, 3] == 255][:, 0]
    assert [int(v) for v in line[::8]] == [255, 0] * 4
    assert nearest(dataclasses.replace(results, samples={}), summary) is None


@pytest.mark.slow
def test_the_interval_covers_with_five_trainings_and_one_set_of_real_data():
    """The true difference is zero: five training runs with spread and one held-out value with a known error, 200 times.
    Coverage has an error of 1.5 points; an interval over training runs alone covers 95 % within 3 points.
    """
    generator = np.random.default_rng(0)
    hits = []
    for _ in range(200):
        real = generator.normal(0, 0.5)
        values = {"gmm": generator.normal(size=5), "held-out": np.full(5, real), "prior": np.zeros(5)}
        rows = [
            {
                "run_id": str(seed),
                "seed": seed,
                "strategy": name,
                "value": value[seed],
                "stderr": 0.5,
                "fit": 0,
            }
            for name, value in values.items()
            for seed in range(5)
        ]
        frame = pd.DataFrame(rows).assign(
            draw=0,
            metric="c_t",
            better="higher",
            reference="",
            n=100,
            status="ok",
            alpha=1.0,
            beta=1.0,
        )
        frame["noise_variance"] = 0.5
        summary = frames.with_errors(summarise(frame), frame)
        row = differences(summary).set_index("strategy").loc["gmm"]
        hits.append(row["low"] <= 0 <= row["high"])
    assert abs(np.mean(hits) - 0.95) < 0.03 + 2 * 0.015


def test_the_main_table_says_by_how_many_telling_measures_a_strategy_copies(summary):
    told = summary.assign(stderr=1e-9)
    said = leaning(told, "posterior")
    assert said.startswith(
        "Copying: 1 of 1 measure of novelty that can tell here flags `posterior`, 1 of them beyond what the decoder "
        "does to held-out data (nearer to train:"
    )
    assert "for `posterior`" in said and "for reconstructions of held-out data and" in said
    assert said.endswith("for real data).")
    assert leaning(told, "prior").startswith(
        "Copying: 0 of 1 measure of novelty that can tell here flag `prior`"
    )
    table = main_table(told)
    assert table is not None and "Copying: " in table.caption
    unscored = told[told["strategy"] != "noise"]
    said = "No measure of novelty gives a verdict on `posterior` in this table: noise was not scored as a control."
    assert leaning(unscored, "posterior") == said


def test_what_lies_within_reconstructions_of_held_out_data_is_no_copying(summary):
    """They are flagged as the strategy is: the decoder does it, not the choice of z."""
    told = summary.assign(stderr=1e-9)
    telling, found = copying(told)
    assert telling == ["nearer_to_train"] and found["posterior"] == (telling, telling)
    columns = ["mean", "low_mean", "high_mean"]
    near = told["metric"].eq("nearer_to_train")
    own = told[near & told["strategy"].eq("posterior")].set_index(["alpha", "beta"])[columns]
    decoded = told[near & told["strategy"].eq("reconstruction")]
    told.loc[decoded.index, columns] = own.loc[
        pd.MultiIndex.from_frame(decoded[["alpha", "beta"]])
    ].to_numpy()
    assert copying(told)[1]["posterior"] == (telling, [])
    assert "flags `posterior`, none of them beyond what the decoder does" in leaning(told, "posterior")


@pytest.mark.parametrize("metric", ["nearer_to_train", "authenticity"])
def test_claims_and_reports_agree_on_which_measures_can_tell(metric):
    """One reads scores, the other their summary: on MNIST nearness flags noise, and authenticity can tell."""
    metrics = load_results(ROOT / "results" / "gap_ladder" / "mnist-default").metrics
    metrics = metrics[metrics["metric"].isin([metric, "kid"]) & metrics["decode"].eq("mean")]
    summary = frames.with_errors(summarise(metrics), metrics)
    (own,) = (of for of in scores(metrics) if of.metric == metric)
    for k, (alpha, beta, s) in enumerate(own.settings):
        why = silent(summary, setting=frames.Setting(alpha, beta, s))[metric]
        assert controls(own, k) == why == ("noise is flagged" if metric == "nearer_to_train" else "")
