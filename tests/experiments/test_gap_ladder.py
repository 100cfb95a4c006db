"""Shares of the gap on hand-made tables, and the answer made from them."""

import dataclasses
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.tables.results import Results
from tests.experiments.conftest import OVER, disagreeing

LADDER = {
    "prior": 1.0, "global-gaussian": 0.8, "gaussian-full": 0.7, "shuffled-marginals": 0.75, "gmm": 0.45,
    "flow": 0.5, "held-out-posterior": 0.43, "posterior": 0.4, "reconstruction": 0.38, "held-out": 0.0,
}  # fmt: skip
SHARES = {
    "global-gaussian": 0.2, "gaussian-full": 0.1, "shuffled-marginals": 0.05, "gmm": 0.25, "flow": -0.05,
    "held-out-posterior": 0.07, "posterior": 0.03, "reconstruction": 0.02, "held-out": 0.38,
}  # fmt: skip
DENSITIES = {"prior": -9.0, "gmm": -5.0, "flow": -4.0}  # the flow fits better and draws worse
SEEDS = 5


def results(betas=(1.0,), without=(), scale=lambda beta, seed: 0.1 * beta * (1 + 0.1 * seed), noise=None):
    """Every training run has the same ladder, scaled by its own factor; `noise` by rung adds up to 0 over the runs."""
    noise = {name: 1e-3 for name in LADDER} | (noise or {})
    drawn = np.random.default_rng(0).normal(size=(len(LADDER), SEEDS))
    own = dict(zip(LADDER, drawn - drawn.mean(1, keepdims=True), strict=True))
    runs = [
        {"run_id": f"{b}-{s}", "decode": "mean", "alpha": 1.0, "beta": b, "noise_variance": b / 2, "seed": s}
        for b in betas
        for s in range(SEEDS)
    ]
    metrics = [
        {"run_id": run["run_id"], "strategy": name, "metric": "kid", "status": "ok", "draw": draw}
        | {
            "value": value * scale(run["beta"], run["seed"])
            + (0.01 if draw else -0.01)
            + own[name][run["seed"]] * noise[name] * run["beta"] * 0.1
        }
        for run in runs
        for name, value in LADDER.items()
        if name not in without
        for draw in (0, 1)
    ]
    metrics += [
        {
            "run_id": run["run_id"],
            "strategy": name,
            "metric": "log_density",
            "status": "ok",
            "value": value + 0.01 * run["seed"] * (name == "flow"),
            "draw": 0,
        }
        for run in runs
        for name, value in DENSITIES.items()
    ]
    none = pd.DataFrame()
    return Results(pd.DataFrame(runs), pd.DataFrame(metrics), none, none, none, {}, {})


def shares(module: Any, made: Results) -> Any:
    return module.shares(module.contributions(made))


def bare(text: str) -> str:
    """The text without its intervals."""
    return re.sub(r" \[[^]]*]", "", text)


def test_shares_are_those_of_the_ladder(module):
    """They do not depend on a run's scale; two draws are averaged."""
    table = shares(module, results()).set_index("rung")
    assert list(table.index) == list(LADDER)
    np.testing.assert_allclose(table["share"].drop("prior"), list(SHARES.values()), atol=1e-12)
    assert (table["share_low"] < table["share"])[1:].all() and (table["share"] < table["share_high"])[
        1:
    ].all()
    assert (table["share_high"] - table["share_low"])[1:].max() < 0.02
    path = table["share"].drop(["prior", "shuffled-marginals"])
    assert path.sum() == pytest.approx(1)
    np.testing.assert_allclose(
        table["closed"].drop("prior"), 1 - np.array(list(LADDER.values()))[1:], atol=1e-12
    )
    np.testing.assert_allclose(table["kid"], np.array(list(LADDER.values())) * 0.12, atol=1e-12)
    assert table["fall"].drop(["prior", "shuffled-marginals"]).sum() == pytest.approx(0.12)
    assert (table["trainings"] == SEEDS).all()
    verdicts = table["verdict"].drop("prior").replace({"better": 1, "worse": -1})
    assert (verdicts == np.sign(list(SHARES.values()))).all()


def test_without_spread_nothing_is_told(module):
    made = results(noise=dict.fromkeys(LADDER, 0.0))
    table = shares(module, made)
    assert set(table["verdict"].dropna()) == {"none"}
    assert table[["share_low", "share_high"]].isna().all(axis=None)
    assert module.findings(made, {}).answer.startswith("Not decided")


def test_the_decoders_share_stays_within_its_range(module):
    """Student's interval would reach beyond 1; and of a share near zero it is short, not from 0 to 1."""
    made = results(scale=lambda beta, seed: 1.0)
    worse = made.metrics["strategy"].isin(set(LADDER) - {"prior", "held-out"}) & (
        made.metrics["metric"] == "kid"
    )
    seeds = made.metrics["run_id"].str[-1].astype(int)
    made.metrics.loc[worse, "value"] = 0.9 + 0.1 * np.sign(seeds[worse] - 2)
    row = shares(module, made).set_index("rung").loc["held-out"]
    assert row["share"] == pytest.approx(0.9, abs=0.01)
    assert 0 < row["share_low"] < row["share"] < row["share_high"] == 1
    made.metrics.loc[worse, "value"] = 0.001 * np.sign(seeds[worse] - 2)
    row = shares(module, made).set_index("rung").loc["held-out"]
    assert 0 == row["share_low"] <= row["share"] < row["share_high"] < 0.01


def test_shares_are_not_averaged_over_settings(module):
    made = results(betas=(1.0, 3.0), scale=lambda beta, seed: beta)
    steeper = made.metrics["run_id"].str.startswith("3") & (made.metrics["strategy"] == "posterior")
    made.metrics.loc[steeper, "value"] += 0.09  # 0.03 of the gap there, from this rung to the next
    table = shares(module, made)
    assert len(table) == 2 * len(LADDER) and table["alpha"].notna().all()
    found = table.set_index(["beta", "rung"])["share"]
    assert found[1.0, "posterior"] == pytest.approx(0.03)
    assert found[3.0, "posterior"] == pytest.approx(0.0, abs=1e-12)


def test_a_missing_rung_is_part_of_the_next(module):
    table = shares(module, results(without=("flow", "gaussian-full"))).set_index("rung")
    assert table.loc["held-out-posterior", ["from", "adds"]].tolist() == [
        "gmm",
        "joint structure, fine; misfit of the density",
    ]
    assert table.loc["gmm", "share"] == pytest.approx(0.35)
    assert table["share"].drop(["prior", "shuffled-marginals"]).sum() == pytest.approx(1)


def test_a_value_missing_in_one_setting_is_missing_there_alone(module):
    made = results(betas=(1.0, 3.0))
    gone = (made.metrics["run_id"] == "1.0-0") & (made.metrics["strategy"] == "flow")
    table = shares(module, dataclasses.replace(made, metrics=made.metrics[~gone]))
    rows = {beta: set(part["rung"]) for beta, part in table.groupby("beta")}
    assert "flow" in rows[3.0] and "flow" not in rows[1.0]


def test_the_answer_says_shares_setting_by_setting(module, answer):
    found = module.findings(results(betas=(1.0, 3.0)), {})
    assert found.answer == answer(results(betas=(1.0, 3.0)))
    assert found.answer.count("[") == 4 and bare(found.answer) == (
        "Of the gap in KID between prior and real data, the decoder's share is 38 and 38 % at β = 1 and 3. Drawing "
        "from q(z) closes 60 and 60 %."
    )
    caption = bare(found.figures[0].caption)
    assert (
        " The largest step that changes only z and is told from zero: joint structure, coarse (`gmm`, 25 %) at β = 1 "
        "and joint structure, coarse (`gmm`, 25 %) at β = 3. Draws from q(z) and the decoder leave 2 and 2 %: the step "
        "to codes of the test data."
    ) in caption
    assert (
        "the writers" not in caption
        and "KID sees no copies" not in caption
        and "less than half" not in caption
    )
    assert found.figures[1:] == ("ladder", "samples")
    section = found.sections[0]
    assert (
        " At β = 1, better: joint structure, coarse (`gmm`, 25 %), scale and shift (`global-gaussian`, 20 %), "
        "correlation (`gaussian-full`, 10 %), misfit of the density (`held-out-posterior`, 7 %), codes of "
        "the training data instead of unseen ones (`posterior`, 3 %) and codes of the test data instead "
        "(`reconstruction`, 2 %); worse: joint structure, fine (`flow`, −5 %). "
        "At β = 3, better: " in bare(section.text)
    )
    assert "not decided" not in section.text
    assert section.text.endswith(
        " `flow` fits validation codes better than `gmm`, by 1.02 [1.00, 1.04] nats at β = 3, yet its samples are "
        "worse there."
    )
    assert "`flow` to `held-out-posterior` is what the flow fails to fit" in section.text
    assert section.table["log-density, nats"].tolist()[: len(LADDER)].count("—") == len(LADDER) - len(
        DENSITIES
    )
    assert section.table["told from zero"].tolist()[: len(LADDER)].count("yes, worse") == 1
    assert len(found.figures[0].figure.axes) == 1


def test_the_caption_says_whom_validation_data_resemble_and_that_kid_sees_no_copies(module):
    """Of MNIST alone; the authenticity is that at the setting with the most copies, clipped."""
    made = results(betas=(1.0, 3.0))
    authentic = {"posterior": 0.1, "held-out-posterior": 0.5}
    rows = [
        {"run_id": run, "strategy": name, "metric": "authenticity", "status": "ok", "draw": 0}
        | {"value": value * float(run[0])}
        for run in made.runs["run_id"]
        for name, value in authentic.items()
    ]  # fmt: skip
    metrics = pd.concat([made.metrics, pd.DataFrame(rows)], ignore_index=True)
    mnist = dataclasses.replace(made, metrics=metrics, provenance={"dataset": {"name": "mnist"}})
    caption = module.findings(mnist, {}).figures[0].caption
    assert "cut from the official test set and share the writers of the test data" in caption
    assert caption.endswith(
        " authenticity at β = 1 is 0.1 against 0.5 with posteriors of unseen data (see `memorisation`)."
    )


def test_where_a_gaussian_closes_less_than_half_of_a_mixture_it_is_said(module):
    """At β = 3 alone the full Gaussian closes 10 % and the mixture 55 %."""
    made = results(betas=(1.0, 3.0))
    steep = (made.metrics["metric"] == "kid") & made.metrics["run_id"].str.startswith("3")
    for name in ("global-gaussian", "gaussian-full"):
        own = steep & (made.metrics["strategy"] == name)
        seed = made.metrics.loc[own, "run_id"].str[-1].astype(int)
        made.metrics.loc[own, "value"] += (0.9 - LADDER[name]) * 0.3 * (1 + 0.1 * seed)
    caption = module.findings(made, {}).figures[0].caption
    assert " At β = 3 `gaussian-full` closes less than half of what" in caption


def test_what_is_not_told_from_zero_is_not_decided(module):
    """With noise in one rung, steps to and from it are no finding, nor is a better fit without worse samples."""
    found = module.findings(results(noise={"flow": 0.5}), {})
    text = found.sections[0].text
    told, open_ = text.split("At β = 1, better: ")[1].split("; not decided: ")
    moved = ("`flow`", "`held-out-posterior`")  # the steps to it and from it
    assert (
        not any(name in told for name in moved) and "`gmm`" in told and all(name in open_ for name in moved)
    )
    assert "(only shares above " in open_ and "% would probably have been seen)" in open_
    assert "worse" not in told + open_ and "fits validation codes" not in text
    loud = results(noise={"held-out": 5.0, "reconstruction": 5.0})
    answer = module.findings(loud, {}).answer
    assert "% at β = 1 (not told from zero at β = 1). Drawing" in answer


def test_a_rung_without_an_interval_is_said_to_have_none(module):
    """Every run loses the same share of its gap from the posteriors to the reconstructions."""
    alike = results(noise=dict.fromkeys(("prior", "posterior", "reconstruction", "held-out"), 0.0))
    text = module.findings(alike, {}).sections[0].text
    assert "; without an interval: codes of the test data instead (`reconstruction`)." in text
    assert "without an interval" not in module.findings(results(), {}).sections[0].text


def test_without_a_rung_of_the_decoder_its_share_has_another_name(module):
    answer = module.findings(results(without=("reconstruction",)), {}).answer
    assert (
        "the share of decoder and codes of the test data is 40 [" in answer
        and "the decoder's share" not in answer
    )
    alone = results(without=("held-out",))
    assert module.findings(alone, {}).answer.startswith("Nothing was compared")


def twice(betas=(1.0,)):
    """Every model scored a second time, unclipped: each rung above the real data lower by 0.1 of its gap."""
    clipped, unclipped = results(betas), results(betas)
    above = (unclipped.metrics["metric"] == "kid") & (unclipped.metrics["strategy"] != "held-out")
    gap = clipped.runs.assign(gap=0.1 * clipped.runs["beta"] * (1 + 0.1 * clipped.runs["seed"])).set_index(
        "run_id"
    )
    unclipped.metrics.loc[above, "value"] -= (
        0.1 * gap.loc[unclipped.metrics.loc[above, "run_id"], "gap"].to_numpy()
    )
    for frame in (unclipped.runs, unclipped.metrics):
        frame["run_id"] += "-unclipped"
    unclipped.runs["decode"] = "unclipped"
    runs, metrics = (
        pd.concat([getattr(part, name) for part in (clipped, unclipped)]) for name in ("runs", "metrics")
    )
    return dataclasses.replace(clipped, runs=runs, metrics=metrics)


def test_what_clipping_adds_is_paired_on_the_same_model(module):
    """Clipping adds 0.1 of the gap to every rung in every run, and 0.38 / 1 − 0.28 / 0.9 to the decoder's share."""
    table = module.clipping(module.contributions(twice()))
    rungs = table[table["of"] != module.SHARE]
    assert set(rungs["of"]) == set(LADDER) - {"held-out"}
    np.testing.assert_allclose(rungs["difference"], 0.012)
    assert set(rungs["verdict"]) == {"worse"} and (table["seeds"] == SEEDS).all()
    share = table[table["of"] == module.SHARE].iloc[0]
    expected = 0.38, 0.28 / 0.9, 0.38 - 0.28 / 0.9
    for name, value in zip(("clipped", "unclipped", "difference"), expected, strict=True):
        assert share[name] == pytest.approx(value)
    assert share["low"] < expected[2] < share["high"] < share["low"] + 0.01 and share["verdict"] == "worse"


@pytest.mark.integration
def test_the_ladder_of_the_answer_is_the_clipped_one(module):
    once, both = results((1.0, 3.0)), twice((1.0, 3.0))
    alone = module.findings(once, {})
    found = module.findings(both, {})
    assert [section.title for section in alone.sections] == ["Shares of the gap"]
    assert [section.title for section in found.sections] == ["Shares of the gap", "The effect of clipping"]
    pd.testing.assert_frame_equal(found.sections[0].table, alone.sections[0].table)
    without = " (31 and 31 % without clipping samples to the data's range)"
    assert without in found.answer and found.answer.replace(without, "") == alone.answer
    assert "Clipping sets every pixel outside the range" in found.sections[1].text
    assert bare(found.sections[1].text).endswith(
        " Without clipping the decoder's share is 31 instead of 38 % at β = 1 and 31 instead of 38 % at β = 3: larger "
        "with clipping at β = 1 and 3."
    )
    assert found.sections[1].table["of"].tolist()[-1] == "the decoder's share, %"


def test_clipping_that_is_not_told_is_not_decided(module):
    made = twice((1.0,))
    one = (made.metrics["strategy"] == "reconstruction") & (made.metrics["metric"] == "kid")
    made.metrics.loc[one & made.metrics["run_id"].str.contains("0-unclipped"), "value"] += 0.2
    text = module.findings(made, {}).sections[1].text
    assert "% at β = 1: not decided at β = 1 (only differences above " in text
    assert "larger with clipping" not in text and "smaller with clipping" not in text


def test_with_many_settings_the_answer_has_the_ends(module, answer):
    """The decoder's share is raised with β."""
    made = results(betas=tuple(range(1, 10)))
    last = (made.metrics["strategy"] == "reconstruction") & (made.metrics["metric"] == "kid")
    beta = made.metrics["run_id"].str.split("-").str[0].astype(float)
    made.metrics.loc[last, "value"] += 0.001 * (beta**2)[last]
    said = bare(answer(made))
    assert re.search(r"the decoder's share is from \d+ % at β = 1 to \d+ % at β = 9\.", said)
    assert "average" not in said


def test_ways_that_were_not_both_scored_are_not_compared(module):
    assert module.clipping(module.contributions(results())).empty


def test_evaluations_that_disagree_decide_nothing(module):
    """The mixture closes a quarter of the gap in every training under the mean of evaluations."""
    made = results()
    metrics = disagreeing(made.metrics, "kid", made.metrics["strategy"] == "gmm", 0.05)
    several = dataclasses.replace(made, metrics=metrics)
    table, plain = (shares(module, one).set_index("rung") for one in (several, made))
    assert (table["trainings"] == SEEDS).all() and len(table) == len(plain)
    moved = ["gmm", "flow"]  # the steps to it and from it
    assert set(table.loc[moved, "verdict"]) == {"not decided"} and set(plain.loc[moved, "verdict"]) == {
        "better",
        "worse",
    }
    same = [name for name in SHARES if name not in moved]
    assert (table.loc[same, "verdict"] == plain.loc[same, "verdict"]).all()
    np.testing.assert_allclose(table["share"], plain["share"])
    np.testing.assert_allclose(table["log_density"], plain["log_density"])
    found, before = module.findings(several, {}), module.findings(made, {})
    assert "not decided: joint structure, coarse (`gmm`)" in found.sections[0].text
    assert f"a ratio of means{OVER} (of log density over trainings alone)" in found.sections[0].text
    assert f"95 % intervals{OVER}, not corrected." in found.figures[0].caption
    assert OVER not in before.sections[0].text + before.figures[0].caption


def test_shares_by_evaluation_are_ratios_of_means(module):
    """Each evaluation has its own scale of KID: the share is of sums, as it is of trainings."""
    made = results()
    metrics = disagreeing(made.metrics, "kid", 0 * made.metrics["value"], 0.0)
    kid = metrics["metric"] == "kid"
    metrics.loc[kid, "value"] *= 1 + metrics.loc[kid, "evaluation"]
    own = metrics[kid].pivot_table(index=["run_id", "evaluation"], columns="strategy", values="value").mean()
    table = shares(module, dataclasses.replace(made, metrics=metrics)).set_index("rung")
    for rung in ("gmm", "posterior"):
        expected = (own["prior"] - own[rung]) / (own["prior"] - own["held-out"])
        assert table.loc[rung, "closed"] == pytest.approx(expected)


def test_clipping_is_paired_by_seed_and_evaluation(module):
    made = twice()
    moved = made.metrics["run_id"].str.endswith("unclipped") & (made.metrics["strategy"] == "gmm")
    metrics = disagreeing(made.metrics, "kid", moved, 0.1)
    table = module.clipping(module.contributions(dataclasses.replace(made, metrics=metrics))).set_index("of")
    assert (table["seeds"] == SEEDS).all() and table.loc["gmm", "verdict"] == "not decided"
    assert set(table["verdict"].drop("gmm")) == {"worse"}
    section = module.findings(dataclasses.replace(made, metrics=metrics), {}).sections[1]
    assert f"means{OVER}, and the paired difference" in section.text
