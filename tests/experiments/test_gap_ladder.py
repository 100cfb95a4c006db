"""Shares of the gap on hand-made tables, and the answer made from them."""

import dataclasses
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from study.tables.results import Results

ROOT = Path(__file__).parents[2]
LADDER = {
    "prior": 1.0, "global-gaussian": 0.8, "gaussian-full": 0.7, "shuffled-marginals": 0.75, "gmm": 0.45,
    "flow": 0.5, "posterior": 0.4, "reconstruction": 0.38, "held-out": 0.0,
}  # fmt: skip
SHARES = {
    "global-gaussian": 0.2, "gaussian-full": 0.1, "shuffled-marginals": 0.05, "gmm": 0.25, "flow": -0.05,
    "posterior": 0.1, "reconstruction": 0.02, "held-out": 0.38,
}  # fmt: skip
DENSITIES = {"prior": -9.0, "gmm": -5.0, "flow": -4.0}  # the flow fits better and draws worse
SEEDS = 5


@pytest.fixture(scope="module")
def module():
    return SimpleNamespace(**runpy.run_path(str(ROOT / "experiments" / "gap_ladder.py")))


def results(betas=(1.0,), without=(), scale=lambda beta, seed: 0.1 * beta * (1 + 0.1 * seed)):
    """Every training run has the same ladder, scaled by its own factor."""
    runs = [
        {"run_id": f"{b}-{s}", "decode": "mean", "alpha": 1.0, "beta": b, "noise_variance": b / 2, "seed": s}
        for b in betas
        for s in range(SEEDS)
    ]
    metrics = [
        {"run_id": run["run_id"], "strategy": name, "metric": "kid", "status": "ok", "draw": draw}
        | {"value": value * scale(run["beta"], run["seed"]) + (0.01 if draw else -0.01)}
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
            "value": value,
            "draw": 0,
        }
        for run in runs
        for name, value in DENSITIES.items()
    ]
    none = pd.DataFrame()
    return Results(pd.DataFrame(runs), pd.DataFrame(metrics), none, none, none, {}, {})


def test_shares_are_those_of_the_ladder(module):
    """Shares do not depend on a run's scale, so intervals have no width; two draws are averaged."""
    table = module.shares(results()).set_index("rung")
    assert list(table.index) == list(LADDER)
    for end in ("share", "share_low", "share_high"):
        np.testing.assert_allclose(table[end].drop("prior"), list(SHARES.values()), atol=1e-12)
    path = table["share"].drop(["prior", "shuffled-marginals"])
    assert path.sum() == pytest.approx(1)
    np.testing.assert_allclose(table["kid"], np.array(list(LADDER.values())) * 0.12)
    assert table["fall"].drop(["prior", "shuffled-marginals"]).sum() == pytest.approx(0.12)
    assert (table["trainings"] == SEEDS).all()


def test_over_settings_the_larger_gap_counts_more(module):
    """Falls are summed before they are divided: of gaps 1 and 3, the second has three quarters of the weight."""
    made = results(betas=(1.0, 3.0), scale=lambda beta, seed: beta)
    steeper = made.metrics["run_id"].str.startswith("3") & (made.metrics["strategy"] == "posterior")
    made.metrics.loc[steeper, "value"] += 0.3  # 0.1 of the gap there, from this rung to the next
    table = module.shares(made)
    whole = table[table["alpha"].isna()].set_index("rung")["share"]
    assert len(table) == 3 * len(LADDER)
    assert whole["posterior"] == pytest.approx((0.1 + 3 * 0.0) / 4)
    assert whole.drop(["prior", "shuffled-marginals"]).sum() == pytest.approx(1)


def test_a_missing_rung_is_part_of_the_next(module):
    table = module.shares(results(without=("flow", "gaussian-full"))).set_index("rung")
    assert table.loc["posterior", ["from", "adds"]].tolist() == ["gmm", "joint structure, fine; memorisation"]
    assert table.loc["gmm", "share"] == pytest.approx(0.35)
    assert table["share"].drop(["prior", "shuffled-marginals"]).sum() == pytest.approx(1)


def test_a_value_missing_in_one_setting_is_missing_over_all(module):
    made = results(betas=(1.0, 3.0))
    gone = (made.metrics["run_id"] == "1.0-0") & (made.metrics["strategy"] == "flow")
    table = module.shares(dataclasses.replace(made, metrics=made.metrics[~gone]))
    rows = {beta: set(part["rung"]) for beta, part in table.groupby("beta", dropna=False)}
    assert "flow" in rows[3.0] and "flow" not in rows[1.0]
    assert [len(v) for k, v in rows.items() if np.isnan(k)] == [len(LADDER) - 1]


def test_the_answer_names_what_is_told_from_zero(module):
    tables = module.tables(results(betas=(1.0, 3.0)), None)
    found = module.findings(None, tables)
    assert found.answer == (
        "The gap in KID between samples from the prior and real data, averaged over settings, consists of decoder "
        "(`held-out`, 38 %), joint structure, coarse (`gmm`, 25 %), scale and shift (`global-gaussian`, 20 %), "
        "correlation (`gaussian-full`, 10 %), memorisation (`posterior`, 10 %) and unseen examples "
        "(`reconstruction`, 2 %); worse than the rung above: joint structure, fine (`flow`, −5 %); other shares do "
        "not differ significantly from zero. The steps from the prior to the posteriors, all that a better "
        "distribution of z can gain, are 60 % of the gap. `flow` fits validation codes 1.00 nats better than `gmm`, "
        "yet its samples are worse."
    )
    section = found.sections[0]
    assert section.table["alpha"].tolist()[: len(LADDER)] == ["all"] * len(LADDER)
    assert section.table["log-density, nats"].tolist()[: len(LADDER)].count("—") == len(LADDER) - len(
        DENSITIES
    )
    assert section.figure is not None and len(section.figure.axes) == 3


def test_the_answer_where_nothing_is_told_from_zero(module):
    """Intervals of all shares are widened to include zero."""
    table = module.shares(results())
    table = table.assign(share_low=-1.0, share_high=1.0)
    assert module.findings(None, {"gap_ladder": table, "clipping": pd.DataFrame()}).answer == (
        "No rung's share of the gap between the prior's samples and real data differs significantly from zero."
    )
    one = module.findings(None, module.tables(results(), None))
    assert "at the one setting measured" in one.answer


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
    table = module.clipping(twice())
    rungs = table[table["of"] != module.SHARE]
    assert set(rungs["of"]) == set(LADDER) - {"held-out"}
    np.testing.assert_allclose(rungs["difference"], 0.012)
    assert set(rungs["verdict"]) == {"worse"} and (table["seeds"] == SEEDS).all()
    share = table[table["of"] == module.SHARE].iloc[0]
    expected = 0.38, 0.28 / 0.9, 0.38 - 0.28 / 0.9
    for name, value in zip(("clipped", "unclipped", "difference"), expected, strict=True):
        assert share[name] == pytest.approx(value)
    assert share["low"] == pytest.approx(share["high"]) == pytest.approx(expected[2])


def test_the_ladder_of_the_answer_is_the_clipped_one(module):
    once, both = results((1.0, 3.0)), twice((1.0, 3.0))
    alone = module.findings(None, module.tables(once, None))
    found = module.findings(None, module.tables(both, None))
    assert [section.title for section in alone.sections] == ["Shares of the gap"]
    assert [section.title for section in found.sections] == ["Shares of the gap", "The effect of clipping"]
    pd.testing.assert_frame_equal(found.sections[0].table, alone.sections[0].table)
    said = (
        " Part of the decoder's share is due to clipping to the range of the data: unclipped, it is 31 % instead of "
        "38 %, a difference of 7 points, and KID of reconstructions is 0.0672 instead of 0.0912."
    )
    assert found.answer.replace(said, "") == alone.answer and said in found.answer
    assert found.sections[1].table["of"].tolist()[-1] == "the decoder's share, %"


def test_ways_that_were_not_both_scored_are_not_compared(module):
    assert module.clipping(results()).empty
