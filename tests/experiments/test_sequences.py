"""The answer of `sequences` agrees with the table, and its figures show the right values."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.statistics import summarise
from study.tables.results import Results, load_results
from tests.experiments.conftest import OVER, short

ROOT = Path(__file__).parents[2]
NAMES = ("autocorrelation", "marginal_w1", "discriminative", "tstr")
VALUES = {
    "prior": 0.4,
    "posterior": 0.1,
    "mean-plus-logvar": 9.0,
    "gmm": 0.5,
    "held-out": 0.05,
    "noise": 2.0,
}


def results(*, pictures: bool = True) -> Results:
    """Two settings of β and five training runs; the strategies of a run share its random effect."""
    rng, rows, runs, samples = np.random.default_rng(0), [], [], {}
    for beta in (0.2, 1.0):
        for seed in range(5):
            run = f"b{beta:g}s{seed}"
            place: dict[str, Any] = {"alpha": 1.0, "beta": beta, "noise_variance": beta / 2, "seed": seed}
            runs.append({"run_id": run, "family": "vae", "family_settings": "", **place})
            luck = rng.normal(0, 0.02)
            for strategy, value in VALUES.items():
                for metric in NAMES:
                    rows.append(
                        {"run_id": run, "family": "vae", "family_settings": "", **place, "strategy": strategy, "fit": 0,
                         "draw": 0, "metric": metric, "value": value + luck + rng.normal(0, 0.01), "stderr": 0.01,
                         "n": 50, "reference": "real", "better": "lower", "status": "ok", "reason": ""}
                    )  # fmt: skip
                if pictures:
                    samples[f"{run}/{strategy}/windows"] = rng.normal(size=(6, 8, 2)).astype(np.float32)
    facts = {"dataset": {"windows": {"features": ["a", "load"], "target": "load", "n_past": 5}}}
    empty = pd.DataFrame()
    return Results(pd.DataFrame(runs), pd.DataFrame(rows), empty, empty, empty, samples, facts)


def test_what_intervals_cover_follows_the_evaluations(module):
    """The measurements of sequences have one evaluation; with several, text and caption would say so."""
    made = results(pictures=False)
    once = made.metrics.assign(evaluation=0)
    several = pd.concat([once, once.assign(evaluation=1, value=once["value"] + 0.001)])
    repeated = pd.concat([once, once.assign(evaluation=1)])  # halves of a series keep its order
    for metrics, over in (
        (made.metrics, " over training runs"),
        (once, " over training runs"),
        (several, OVER),
        (repeated, " over training runs"),
    ):
        found = module.findings(Results(made.runs, metrics, *(pd.DataFrame(),) * 3, {}, made.provenance), {})
        assert f"95 % intervals{over}; the" in found.figures[0].caption
        assert f"Means{over} with 95 % intervals" in found.sections[0].text


def said(module: Any, metrics: pd.DataFrame, found: Results) -> tuple[str, str]:
    """The answer, and the text of the table."""
    made = Results(found.runs, metrics, *(pd.DataFrame(),) * 3, {}, found.provenance)
    told = module.findings(made, {})
    return short(told), told.sections[0].text


def test_the_sentence_follows_the_table(module):
    found = results(pictures=False)
    answer, text = said(module, found.metrics, found)
    assert re.match(
        r"Against way 3 \(`prior`\), way 1 \(`posterior`\) is better in autocorrelation "
        r"\(closes 8\d \[\d\d, \d\d\] % of the gap\), marginal W₁, ",
        answer,
    )
    assert "Way 2 (`mean-plus-logvar`) is worse in autocorrelation, marginal W₁" in answer
    assert re.search(r"worse in autocorrelation \(widens the gap by 2\d\d\d \[", text)
    assert not re.search("not decided|equivalent|without a verdict", answer)
    swapped = found.metrics.replace({"strategy": {"posterior": "gmm", "gmm": "posterior"}})
    answer, _ = said(module, swapped, found)
    assert "way 1 (`posterior`) is worse in autocorrelation (widens" in answer and "better" not in answer


def test_what_is_not_told_is_not_decided_and_what_is_small_is_equivalent(module):
    """Way 1 is made a copy of the prior, with much noise and with little."""
    found = results(pictures=False)
    others = found.metrics[found.metrics["strategy"] != "posterior"]
    prior = others[others["strategy"] == "prior"].assign(strategy="posterior")
    for noise, words in ((0.1, "not decided in"), (0.001, "equivalent in")):
        rng = np.random.default_rng(3)
        copied = prior.assign(value=prior["value"] + rng.normal(0, noise, len(prior)))
        for told in said(module, pd.concat([others, copied]), found):
            way = told.split("ay 1 ")[1].split(". Way 2")[0].split(" Way 2")[0]
            assert words in way and "better in" not in way and "worse in" not in way
        assert ("would probably have been seen" in way) == (noise == 0.1)


def test_a_metric_that_cannot_tell_gives_no_verdict(module):
    """Copies of the training windows score worse than the prior."""
    found = results(pictures=False)
    real = found.metrics[found.metrics["strategy"] == "held-out"].assign(strategy="copycat")
    answer, text = said(module, pd.concat([found.metrics, real.assign(value=real["value"] + 1)]), found)
    assert "way 1 (`posterior`) is without a verdict in autocorrelation, marginal W₁" in answer
    assert "without an interval in autocorrelation (cannot tell)" in text
    assert "better in" not in answer and "worse in" not in answer
    one = real.assign(value=real["value"] + (real["beta"] == 1.0))
    answer, text = said(module, pd.concat([found.metrics, one]), found)
    assert re.search(r"better in autocorrelation \(closes [^)]* % of the gap, 1 of 2 settings\)", text)
    assert "better in autocorrelation (1 of 2 settings), marginal W₁ (1 of 2 settings)" in answer
    few = results(pictures=False)
    _, text = said(module, few.metrics[few.metrics["seed"] < 2], few)
    assert "without an interval in autocorrelation (no interval)" in text


@pytest.mark.integration
def test_a_drift_that_hides_differences_is_named(module):
    """By the rule of `study.statistics.gaps`: the mean of copies, wherever its interval ends."""
    for copies, hidden in ((0.06, False), (0.398, False), (0.45, True)):
        found = results(pictures=False)
        prior = found.metrics[found.metrics["strategy"] == "prior"].assign(strategy="copycat")
        metrics = pd.concat([found.metrics, prior.assign(value=prior["value"] + copies - VALUES["prior"])])
        _, text = said(module, metrics, found)
        assert ("not even repeated training windows score better than way 3" in text) is hidden
        assert ("autocorrelation (cannot tell)" in text) is hidden
    alone, none = said(module, found.metrics, found)
    assert "repeated training windows" not in alone + none.replace(
        "`copycat` is repeated training windows", ""
    ).replace("and repeated training windows score better. `held-out`", "")


def test_reconstructions_no_better_than_noise_are_the_reason_that_is_given(module):
    """Copies of training windows are the best of all, and are not said to be worse."""
    found = results(pictures=False)
    held = found.metrics[found.metrics["strategy"] == "held-out"]
    copies = held.assign(strategy="copycat")
    made = held.assign(strategy="reconstruction", value=held["value"] + 2 * (held["metric"] == "tstr"))
    told = module.findings(
        Results(
            found.runs, pd.concat([found.metrics, copies, made]), *(pd.DataFrame(),) * 3, {}, found.provenance
        ),
        {},
    )
    reason = r"In forecast error \(2\.\d+ against 2\.?\d*\) reconstructions are not told to score better than noise"
    for text in (told.figures[0].caption, told.sections[0].text):
        assert re.search(reason, text) and "not even repeated" not in text
    answer = short(told)
    assert answer.count("without a verdict in forecast error") == 1


def test_where_copies_score_no_better_kid_can_show_nothing(module):
    found = results(pictures=False)
    kid = found.metrics[found.metrics["metric"] == "tstr"].assign(metric="kid")
    copies = kid[kid["strategy"] == "prior"].assign(strategy="copycat")
    for more, blind in ((0.2, True), (-0.2, False)):
        metrics = pd.concat([found.metrics, kid, copies.assign(value=copies["value"] + more)])
        made = Results(found.runs, metrics, *(pd.DataFrame(),) * 3, {}, found.provenance)
        caption = module.findings(made, {}).figures[0].caption
        assert ("KID can show nothing here: even repeated training windows (" in caption) is blind


def test_the_table_has_every_strategy_once_and_its_way(module):
    found = results()
    table = module.findings(found, {}).sections[0].table
    assert sorted(table["strategy"]) == sorted(VALUES)
    assert dict(zip(table["strategy"], table["way"], strict=True))["prior"] == "way 3"
    assert (table.drop(columns=["strategy", "way"]) != "—").all(axis=None)


def test_figures_hold_the_target_and_every_setting(module):
    found = results()
    told = module.findings(found, {})
    assert told.figures[1:] == ("effects", "gains")
    assert told.figures[0].caption.startswith("Way 1 draws from the posterior of a training window")
    figure = told.sections[1].figure
    lines = [axes.lines[0].get_ydata() for axes in figure.axes]
    kept = found.samples["b1s0/held-out/windows"][:5, :, 1]
    np.testing.assert_array_equal(np.stack(lines[:5]), kept)
    assert len(module.findings(results(pictures=False), {}).sections) == 1
    measured = module.measured_figure(module.measurements(found.metrics, summarise(found.metrics)))
    assert len(measured.axes) == 4
    assert any(
        re.fullmatch(r"β = 0\.2: [89].*, 1: [89].* →", text.get_text()) for text in measured.axes[0].texts
    )  # way 2, beyond the edge


@pytest.mark.slow
def test_the_smoke_profile_runs(tmp_path):
    flags = ["--profile", "smoke", "--out", str(tmp_path / "out"), "--store", str(tmp_path / "store")]
    done = subprocess.run([sys.executable, "experiments/sequences.py", *flags], capture_output=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    loaded = load_results(tmp_path / "out")
    assert set(NAMES) <= set(loaded.metrics["metric"])
    assert loaded.provenance["dataset"]["windows"]["target"] == "season"
    windows = [array for name, array in loaded.samples.items() if name.endswith("/windows")]
    assert windows and all(array.shape == (10, 52, 2) for array in windows)
