"""`study.run` in Python equals the command `study run`; experiments are found from any folder, the user's own first."""

import dataclasses
import fnmatch
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest

import study
from study import Experiment, StudyConfig, StudyError, TrainConfig, VAEConfig
from study.cli import experiment_main, main
from study.pipeline.experiment import load_experiment
from study.pipeline.experiment_files import INSTALLED, experiment_file, experiments
from study.pipeline.publish import republish
from study.report.findings import Findings

ROOT = Path(__file__).parents[2]
TINY = StudyConfig(
    model=VAEConfig(latent_dim=2, hidden=(8,)), training=TrainConfig(steps=20), seeds=(0, 1),
    strategies=("prior", "posterior", "held-out"), n_samples=50, density_draws=50,
    evaluations=2,
)  # fmt: skip
EXPERIMENT = Experiment(name="tiny", question="Does it run?", profiles={"default": TINY})


@pytest.mark.integration
def test_python_and_the_command_give_the_same_tables(tmp_path, monkeypatch, sketched, request):
    monkeypatch.chdir(tmp_path)
    made = study.run(EXPERIMENT, seeds=1, betas=[0.5, 1], latent_dim=3, out="a", store="s")
    flags = ["--seeds", "1", "--betas", "0.5", "1", "--latent-dim", "3", "--out", "b", "--store", "s"]
    request.getfixturevalue("no_report")  # from here on: one is enough
    assert experiment_main(EXPERIMENT, flags) == 0
    typed = study.load_results("b")
    pd.testing.assert_frame_equal(made.metrics, typed.metrics)
    assert set(made.runs["latent_dim"]) == {3} and len(made.runs) == 2
    assert (
        made.provenance["command"]
        == typed.provenance["command"]
        == ("study run tiny --seeds 1 --betas 0.5 1 --latent-dim 3")
    )
    assert Path("a/report.html").is_file()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"experiment": "no_such"}, "experiment 'no_such': no file experiments/no_such.py"),
        ({"profile": "huge"}, "has no profile 'huge'"),
        ({"strategies": ("gmm",)}, "must include 'prior'"),
        ({"colour": "red"}, "no setting 'colour' of a run; settings are seeds, alphas"),
        ({"out": Path(__file__)}, "is a file; give a folder"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_trained(tmp_path, monkeypatch, given, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match=message):
        study.run(**{"experiment": EXPERIMENT, **given})
    assert not list(tmp_path.iterdir())


def test_ones_own_file_comes_before_the_installed_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert experiment_file("gap_ladder") == INSTALLED / "gap_ladder.py"
    assert load_experiment("gap_ladder").name == "gap_ladder"
    own = tmp_path / "experiments" / "gap_ladder.py"
    own.parent.mkdir()
    own.write_text('from study import Experiment\nEXPERIMENT = Experiment("mine", "?", {})\n')
    assert load_experiment("gap_ladder").name == load_experiment(str(own)).name == "mine"
    sources = {row["name"]: row["source"] for row in experiments()}
    assert sources["gap_ladder"] == "experiments/gap_ladder.py"
    assert sources["sequences"] == "experiments/sequences.py, installed"
    for name in ("../experiments/gap_ladder", "__init__", "benchmarks", "gap_ladder.py", ""):
        assert experiment_file(name) is None


def test_a_package_of_that_name_in_the_current_folder_hides_nothing(tmp_path):
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "__init__.py").write_text("raise SystemExit('run')\n")
    command = [sys.executable, "-m", "study.cli", "list", "experiments"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0 and "gap_ladder" in done.stdout, done.stderr


def test_what_is_installed_holds_the_experiments_and_no_benchmark():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["packages"]["find"]["include"]
    folders = {
        path.parent.relative_to(ROOT)
        for name in ("study", "experiments")
        for path in (ROOT / name).rglob("*.py")
    }
    names = {".".join(folder.parts) for folder in folders}
    found = {name for name in names if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)}
    assert "experiments" in found and "study.pipeline" in found
    assert not [name for name in found if name.startswith("experiments.")]


def test_the_smoke_profile_of_an_installed_experiment_is_planned_from_any_folder(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "gap_ladder", "--profile", "smoke", "--dry-run"]) == 0
    assert "6 cells, 0 of them done" in capsys.readouterr().out


@pytest.mark.integration
def test_verdicts_are_made_anew_whenever_a_report_is_written(tmp_path, monkeypatch, sketched, no_report):
    """From the stored rows: a table that an earlier version of the experiment wrote has no say, and is left out."""
    made = dataclasses.replace(
        EXPERIMENT, tables=lambda finished: {"old": pd.DataFrame({"verdict": ["better"]})}
    )
    out = tmp_path / "out"
    study.run(made, out=out, store=tmp_path / "store")
    monkeypatch.undo()  # reports are written from here on
    assert (out / "old.csv").is_file()
    assert (
        republish(out)[0] and (out / "old.csv").is_file()
    )  # nobody knows the experiment, so nothing is left out
    now = dataclasses.replace(
        EXPERIMENT, findings=lambda results, tables: Findings(f"{len(results.runs)} {[*tables]}")
    )
    monkeypatch.setattr("study.pipeline.publish.installed_experiment", lambda name: now)
    answer, _ = republish(out)
    assert answer == f"{len(study.load_results(out).runs)} []"
    assert not (out / "old.csv").exists() and "old.csv" not in study.load_results(out).provenance["files"]
