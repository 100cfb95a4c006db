"""The answer of `sequences` agrees with the table, and its figures show the right values."""

import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.tables.results import Results, load_results

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


@pytest.fixture(scope="module")
def module() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(ROOT / "experiments" / "sequences.py")))


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


def test_the_sentence_follows_the_table(module):
    found = results()
    tables = module.measurements(found, None)
    answer = module.findings(found, tables).answer
    assert "way 1 (`posterior`) is better in autocorrelation gap, marginal W₁" in answer
    assert "way 2 (`mean-plus-logvar`) is worse in autocorrelation gap" in answer
    assert "tied" not in answer
    swapped = found.metrics.replace({"strategy": {"posterior": "gmm", "gmm": "posterior"}})
    tied = Results(found.runs, swapped, *(pd.DataFrame(),) * 3, found.samples, found.provenance)
    answer = module.findings(tied, module.measurements(tied, None)).answer
    assert "way 1 (`posterior`) is worse" in answer and "way 1 (`posterior`) is better" not in answer


def test_a_drift_that_hides_differences_is_named(module):
    for copies, hidden in ((0.06, False), (0.4, True)):
        found = results(pictures=False)
        real = found.metrics[found.metrics["strategy"] == "held-out"].assign(strategy="copycat")
        metrics = pd.concat([found.metrics, real.assign(value=real["value"] + copies - 0.05)])
        drifting = Results(found.runs, metrics, *(pd.DataFrame(),) * 3, {}, found.provenance)
        answer = module.findings(drifting, module.measurements(drifting, None)).answer
        assert ("even repeated training windows do not" in answer) is hidden


def test_the_table_has_every_strategy_once_and_its_way(module):
    found = results()
    table = module.findings(found, module.measurements(found, None)).sections[0].table
    assert sorted(table["strategy"]) == sorted(VALUES)
    assert dict(zip(table["strategy"], table["way"], strict=True))["prior"] == "way 3"
    assert (table.drop(columns=["strategy", "way"]) != "—").all(axis=None)


def test_figures_hold_the_target_and_every_setting(module):
    found = results()
    figure = module.windows_figure(found)
    lines = [axes.lines[0].get_ydata() for axes in figure.axes]
    kept = found.samples["b1s0/held-out/windows"][:5, :, 1]
    np.testing.assert_array_equal(np.stack(lines[:5]), kept)
    assert module.windows_figure(results(pictures=False)) is None
    measured = module.measured_figure(module.measurements(found, None)["sequences"])
    assert len(measured.axes) == 4
    assert any(text.get_text().endswith("→") for text in measured.axes[0].texts)  # way 2, beyond the edge


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
