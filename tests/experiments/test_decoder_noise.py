"""Means against draws of x on hand-made tables; a model scored both ways is two runs in every table."""

import dataclasses
import itertools
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study import StudyConfig, TrainConfig, VAEConfig, load_dataset
from study.pipeline.plan import make_plan
from study.pipeline.run import execute
from study.pipeline.store import Store
from study.pipeline.tabulate import tabulate
from study.report.frames import by_family
from study.report.kit import UNDECIDED
from study.statistics import summarise
from study.tables.results import Results, load_results, write_results
from tests.experiments.conftest import OVER, disagreeing

ROOT = Path(__file__).parents[2]
SEEDS, SIZE = 5, 50
SETTINGS = {("vae", 0.1): 0.05, ("vae", 1.0): 0.5, ("sigma-vae", 1.0): 0.2}  # with the claimed variance
VALUES = {"prior": 3.0, "global-gaussian": 3.0, "gmm": 2.0, "posterior": 1.0, "reconstruction": 0.9}
# what draws add to KID, the same for all strategies: nothing told, better, worse
CHANGE = {("vae", 0.1): 0.0, ("vae", 1.0): -0.5, ("sigma-vae", 1.0): 0.5}


def results(*, swapped: bool = False, seeds: int = SEEDS) -> Results:
    """The effect of a model is large and shared by all its scores; the remaining noise is small.

    With `swapped`, draws of `gmm` and `posterior` change places where β is 0.1.
    """
    rng, runs, rows = np.random.default_rng(0), [], []
    for ((family, beta), claimed), seed in itertools.product(SETTINGS.items(), range(seeds)):
        luck = rng.normal(0, 3)
        for way in ("mean", "sample"):
            place = {"family": family, "family_settings": "", "alpha": 1.0, "beta": beta, "noise_variance": beta / 2,
                     "seed": seed, "decode": way, "run_id": f"{family}{beta}{seed}{way}"}  # fmt: skip
            runs.append(place)
            facts = {"rate": 5.0, "distortion": SIZE * 0.1}
            facts |= {"decoder_variance": claimed} if family == "sigma-vae" else {}
            found = [("model", name, value) for name, value in facts.items()] + [
                ("held-out", "kid", 0.01 + luck)
            ]
            for strategy, value in VALUES.items():
                other = {"gmm": "posterior", "posterior": "gmm"}.get(strategy, strategy)
                drawn = VALUES[other] if swapped and beta == 0.1 else value
                own = drawn + CHANGE[family, beta] if way == "sample" else value
                found.append((strategy, "kid", own + luck + rng.normal(0, 0.02)))
                found.append((strategy, "sharpness", 2.5 + 0.001 * seed if way == "sample" else 0.5))
            better = {"kid": "lower", "sharpness": "one"}
            rows += [
                {**place, "strategy": strategy, "metric": metric, "value": value, "status": "ok", "draw": 0, "fit": 0,
                 "better": better.get(metric, "none"), "stderr": 0.001, "n": 50, "reference": "real"}
                for strategy, metric, value in found
            ]  # fmt: skip
    none = pd.DataFrame()
    provenance = {"dataset": {"shape": [5, SIZE // 5]}}
    return Results(pd.DataFrame(runs), pd.DataFrame(rows), none, none, none, {}, provenance)


def test_changes_are_paired_on_the_same_model(module):
    table = module.changes(results().metrics)
    kid = table[table["metric"] == "kid"]
    assert len(kid) == len(SETTINGS) * len(VALUES)
    for row in kid.itertuples():
        expected = CHANGE[row.family, row.beta]
        assert row.difference == pytest.approx(
            expected, abs=0.05
        )  # 0.02·√2 of noise over 5 seeds: four errors
        assert row.high - row.low < 0.3  # luck of 3 is gone
        assert row.verdict == {0.0: "not decided", -0.5: "better", 0.5: "worse"}[expected]
        assert row.difference == pytest.approx(row.sample - row.mean)
    sharp = table[table["metric"] == "sharpness"]
    assert set(sharp["verdict"]) == {"worse"}  # from 0.5 too little to 1.5 too much


def test_the_noise_is_the_claimed_one_beside_the_residual(module):
    table = module.noise(results()).set_index(["family", "beta"])
    assert (table["trainings"] == SEEDS).all()  # each model once, though it is scored twice
    assert table["claimed"].to_dict() == pytest.approx(SETTINGS)
    np.testing.assert_allclose(table["residual"], 0.1)
    np.testing.assert_allclose(table["ratio"], table["claimed"] / 0.1)


def test_order_is_kept_lost_or_reversed(module):
    """gmm and posterior swap ranks at one of three settings; prior and global-gaussian are told apart nowhere."""
    for swapped in (False, True):
        table = module.order(results(swapped=swapped).metrics)
        assert len(table) == 6 * len(SETTINGS)
        for row in table.itertuples():
            pair, at = {row.first, row.second}, (row.family, row.beta)
            turned = swapped and at == ("vae", 0.1) and pair == {"gmm", "posterior"}
            alike = pair == {"prior", "global-gaussian"}
            assert row.kept == ("reversed" if turned else "not decided" if alike else "same")
    assert module._kept("better", "not decided") == "means only"
    assert module._kept("not decided", "worse") == "draws only"
    assert module._kept("none", "worse") == "none"
    assert module._kept("not decided", "not decided") == "not decided"


@pytest.mark.integration
def test_the_answer_follows_the_tables(answer):
    said = answer(results())
    assert said.startswith(
        "It depends: by KID, draws of x are worse in 4, better in 4 and not decided in 4 of 12 comparisons. "
    )
    # (3 − 1) / (3 − 0.01) of the gap by means, and of what draws leave of it where they change the prior's KID by −0.5
    assert re.search(
        r" `posterior` is best at 3 of 3 settings by means and 3 by draws; from least to most claimed noise it closes "
        r"6[67] to 6[67] % of the gap, by draws 6[67] to 8[01] %\.$",
        said,
    )
    turned = answer(results(swapped=True))
    assert "`posterior` is best at 3 of 3 settings by means and 2 by draws;" in turned
    assert answer(results(seeds=2)) == UNDECIDED


def test_the_lead_of_the_best_strategy_is_its_share_of_the_gap(module):
    made = results()
    closed = module.shares(made.metrics).merge(
        module.noise(made)[[*module.PLACE, "claimed"]], on=module.PLACE
    )
    own = closed[(closed["strategy"] == "posterior") & (closed["decode"] == "sample")].set_index(
        ["family", "beta"]
    )
    for place, change in CHANGE.items():
        assert own["effect"][place] == pytest.approx(2 / (2.99 + change), abs=0.02)
    pairs, closed = module.order(made.metrics), closed.sort_values("claimed")
    assert "% of the gap, by draws 6" in module._winner(pairs, closed, ends=True)
    text = module._closed(pairs, closed)
    assert (
        "`posterior` closes 6" in text
        and "] % by means and 6" in text
        and " % by draws at β = 0.1; " in text
        and "for the σ-VAE" in text
    )
    alike = pairs.assign(verdict_mean="not decided")
    assert module._winner(alike, closed, ends=True) == module._closed(alike, closed) == ""
    assert module._winner(pairs, closed.iloc[:0], ends=True).endswith(" by means and 3 by draws.")


@pytest.mark.parametrize(
    ("verdict", "start"),
    [
        ("better", "A draw: by KID, draws of x are better in 4 and not decided in 4 of 8 comparisons"),
        (
            "worse",
            "The decoder's mean: by KID, draws of x are worse in 4 and not decided in 4 of 8 comparisons",
        ),
        (
            "not decided",
            "Not decided: by KID, draws of x are told from the decoder's means in none of 4 comparisons",
        ),
    ],
)
def test_one_verdict_alone_decides_who_is_better(module, verdict, start):
    found = module.changes(results().metrics)
    rows = found[(found["metric"] == "kid") & found["strategy"].isin(module.LATENT)]
    said = module._lead(rows[rows["verdict"].isin([verdict, "not decided"])])
    assert said.startswith(start)


def test_an_order_counts_only_where_it_is_told_apart(module):
    """Ranks may change at a setting where no pair is told apart both ways: that is not decided, and is not denied."""
    order = module.order(results().metrics)
    at = (order["family"] == "vae") & (order["beta"] == 1.0)
    hidden = order.assign(kept=order["kept"].mask(at, "means only"))
    said = module._same_order(hidden)
    assert said == (
        "Of 18 pairs of strategies 10 are told apart by both, none of them reversed, 6 by means only (every "
        "pair at β = 1), 2 by neither."
    )
    one = hidden.index[~at & (hidden["kept"] == "same")][0]
    said = module._same_order(hidden.assign(kept=hidden["kept"].mask(hidden.index == one, "means only")))
    assert "7 by means only (every pair at β = 1, 1 elsewhere)" in said
    assert "are told apart: for the σ-VAE 5 by both" in module._order_by_setting(hidden)
    assert "at β = 1 6 by means only" in module._order_by_setting(hidden)
    nowhere = module._same_order(order.assign(kept="means only"))
    assert nowhere == "Whether draws of x change the order of strategies is not decided."
    turned = module._order_by_setting(module.order(results(swapped=True).metrics))
    assert "1 by both, reversed" in turned and "(`gmm` and `posterior`)" in turned
    assert "reversed" not in module._order_by_setting(order)


def test_sections_hold_every_setting_and_strategy(module):
    found = module.findings(results(), {})
    changed, ordered, claimed = (section.table for section in found.sections)
    assert len(changed) == len(SETTINGS) * len(VALUES) and len(ordered) == len(SETTINGS) * 6
    assert claimed["s"].tolist() == ["0.05", "0.2", "0.5"]  # from little to much
    caption = found.figures[0].caption
    assert " (not decided) where s = 0.05 is 0.50 times the residual" in caption
    assert (
        " (better) where s = 0.5 is 5.00 times the residual. The 12 comparisons of means and draws are 4 ways"
        in caption
    )
    (axes,) = found.figures[0].figure.axes
    drawn = [bars.lines[0] for bars in axes.containers]
    assert [len(line.get_xdata()) for line in drawn] == [2, 1] * 4  # the grid of the VAE, and one σ-VAE
    assert all(bars.has_yerr for bars in axes.containers)
    hollow = [line.get_markerfacecolor() != line.get_color() for line in drawn]
    assert hollow == [False, False, True, True] * 2
    (star,) = drawn[1].get_xdata()
    assert star > SETTINGS["sigma-vae", 1.0]  # beside its place, where it may lie under other marks


def test_the_grids_of_a_profile_differ_in_decode_alone(module):
    for profile in ("smoke", "quick", "default"):
        grids = module.EXPERIMENT.grids(profile)
        assert [(g.model.family, g.decode) for g in grids] == [
            ("vae", "mean"), ("vae", "sample"), ("sigma-vae", "mean"), ("sigma-vae", "sample")
        ]  # fmt: skip
        for a, b in (grids[:2], grids[2:]):
            assert dataclasses.replace(a, decode="sample") == b


@pytest.mark.integration
def test_one_model_scored_both_ways_is_two_runs_of_one_training(tmp_path):
    """Trained once, with separate names, rows and parts of the report; the run scored by means keeps its plain name."""
    data, store = load_dataset("digits"), Store(tmp_path / "store")
    config = StudyConfig(
        model=VAEConfig(family="sigma-vae", latent_dim=2, hidden=(8,)), training=TrainConfig(steps=20),
        seeds=(0, 1, 2), strategies=("prior", "posterior"), n_samples=100, density_draws=50, evaluations=2,
    )  # fmt: skip
    plans = [make_plan(dataclasses.replace(config, decode=way), data) for way in ("mean", "sample")]
    cells = [plan.cells[0] for plan in plans]
    assert cells[0].train_key == cells[1].train_key and cells[0].encode_key == cells[1].encode_key
    assert cells[0].run_id == cells[0].train_key[:12]
    assert cells[1].run_id == f"{cells[0].run_id}-sample"
    made = tabulate(
        [execute(plan, store) for plan in plans], experiment="e", question="q", profile="p", command="c"
    )
    write_results(made, tmp_path / "out")
    loaded = load_results(tmp_path / "out")
    assert loaded.runs["run_id"].is_unique and loaded.runs["decode"].tolist() == ["mean"] * 3 + ["sample"] * 3
    kid = loaded.metrics[(loaded.metrics["metric"] == "kid") & (loaded.metrics["strategy"] == "prior")]
    assert kid.groupby("decode")["value"].mean().nunique() == 2 and len(kid) == 6 * 2
    learned = loaded.metrics[loaded.metrics["metric"] == "decoder_variance"].groupby("seed")["value"]
    assert learned.size().tolist() == [2] * 3 and (learned.std() == 0).all()  # of one and the same model
    parts = by_family(loaded, summary := summarise(loaded.metrics))
    assert list(parts) == ["sigma-vae", "sigma-vae (decode=sample)"]
    assert sum(len(rows) for _, rows in parts.values()) == len(summary)
    for name, (own, rows) in parts.items():
        way = "sample" if "sample" in name else "mean"
        assert set(own.runs["decode"]) == set(own.metrics["decode"]) == set(rows["decode"]) == {way}
        assert all(("-sample" in key) == (way == "sample") for key in own.samples)


@pytest.mark.integration
def test_evaluations_that_disagree_decide_nothing(module):
    """Draws are better by 0.5 in every training under the mean of evaluations."""
    made = results()
    metrics = disagreeing(made.metrics, "kid", made.metrics["decode"] == "sample", 3.0)
    several = dataclasses.replace(made, metrics=metrics)
    table = module.changes(metrics)
    assert set(table.loc[table["metric"] == "kid", "verdict"]) == {"not decided"}
    assert (table["seeds"] == SEEDS).all() and "not decided" not in set(
        table.loc[table["metric"] == "sharpness", "verdict"]
    )
    found, plain = module.findings(several, {}), module.findings(made, {})
    assert found.answer.startswith("Not decided")
    order = module.order(metrics)
    assert (
        order["verdict_mean"] == module.order(made.metrics)["verdict_mean"]
    ).all()  # both sides are moved alike
    texts, before = ([part.text for part in one.sections] for one in (found, plain))
    assert f"means{OVER} (of sharpness over trainings alone) with 95 % intervals" in texts[0]
    assert f"95 % intervals{OVER}; and" in texts[1] and texts[2] == before[2] and OVER not in "".join(before)


@pytest.mark.slow
def test_the_smoke_profile_runs(tmp_path):
    flags = ["--profile", "smoke", "--out", str(tmp_path / "out"), "--store", str(tmp_path / "store")]
    done = subprocess.run(
        [sys.executable, "experiments/decoder_noise.py", *flags], capture_output=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    loaded = load_results(tmp_path / "out")
    kinds = (
        loaded.metrics[loaded.metrics["metric"] == "kid"].groupby(["family", "decode"])["run_id"].nunique()
    )
    assert kinds.to_dict() == {
        ("sigma-vae", "mean"): 3, ("sigma-vae", "sample"): 3, ("vae", "mean"): 6, ("vae", "sample"): 6
    }  # fmt: skip
    assert not list((tmp_path / "out").glob("*.csv"))
