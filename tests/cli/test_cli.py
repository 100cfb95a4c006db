"""The command as a user types it: what it writes, resumes and refuses, and its exit codes."""

import dataclasses
import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import get_args, get_type_hints

import numpy as np
import pandas as pd
import pytest

from study import Experiment, StudyConfig, StudyError, TrainConfig, VAEConfig, cli, load_results
from study.cli import main
from study.cli.listing import LISTS, listing
from study.pipeline.experiment import load_experiment
from study.pipeline.store import Store
from study.tables.rounding import VALUE

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
TINY = StudyConfig(
    model=VAEConfig(latent_dim=2, hidden=(8,)),
    training=TrainConfig(steps=20),
    alphas=(1.0, 10.0),
    seeds=(0, 1, 2),
    strategies=("prior", "posterior", "held-out"),
    density_draws=50,
    evaluations=2,
)
EXPERIMENT = Experiment(name="tiny", question="Does it run?", profiles={"default": TINY})


@pytest.fixture(scope="module")
def ran(tmp_path_factory, sketching):
    """A folder in which the tiny experiment has run: `out`, and the store. The figures of its report are not drawn."""
    folder = tmp_path_factory.mktemp("ran")
    flags = ["--out", str(folder / "out"), "--store", str(folder / ".study")]
    with sketching():
        assert cli.experiment_main(EXPERIMENT, flags) == 0
    return folder


@pytest.fixture
def tiny(tmp_path, monkeypatch, no_report):
    """Runs the tiny experiment below tmp_path, with flags; returns the exit code."""
    monkeypatch.chdir(tmp_path)
    return lambda *flags: cli.experiment_main(EXPERIMENT, ["--out", "out", *flags])


@pytest.fixture
def tiny_again(ran, tiny, tmp_path):
    """Like `tiny`, in a folder where it has already run."""
    shutil.copytree(ran, tmp_path, dirs_exist_ok=True)
    return tiny


def test_help_needs_no_jax():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "study.cli", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "run" in done.stdout and "exit codes" in done.stdout
    assert not [line for line in done.stderr.splitlines() if line.endswith((" jax", " numpy", " pandas"))]


def test_smoke_run_writes_everything(smoke_run):
    names = {path.name for path in smoke_run.iterdir()}
    tables = {f"{name}.parquet" for name in ("runs", "metrics", "latents", "losses")}
    assert tables | {"report.html", "report.md", "provenance.json", "samples.npz.xz"} <= names
    results = load_results(smoke_run)
    assert len(results.runs) == 6
    assert set(results.runs["status"]) == {"done"}
    config = load_experiment("sampling_strategies").grids("smoke")[0]
    assert set(results.metrics["strategy"]) == {"model", *config.strategies}
    assert (results.metrics["status"] == "ok").all()
    assert {path.suffix for path in (smoke_run / "figures").iterdir()} == {".png"}
    facts = json.loads((smoke_run / "provenance.json").read_text())
    assert facts["versions"]["jax"] and facts["command"].startswith("study run sampling_strategies")
    text = " ".join(path.read_text() for path in (smoke_run / "report.md", smoke_run / "provenance.json"))
    assert str(ROOT) not in text and str(smoke_run) not in (smoke_run / "report.html").read_text()


def test_rows_of_reference_stand_where_they_must(smoke_run):
    """held-out and copycat beat every strategy in KID; brackets are ordered and add up to the rate."""
    metrics = load_results(smoke_run).metrics
    kid = metrics[metrics["metric"] == "kid"].groupby("strategy")["value"].mean()
    others = kid.drop(["held-out", "copycat"])
    assert max(kid["held-out"], kid["copycat"]) < others.min()
    model = metrics[metrics["strategy"] == "model"].pivot_table(
        index="run_id", columns="metric", values="value"
    )
    assert (model["mi_lower"] <= model["mi_upper"] + 1e-9).all()
    # All three are rounded to `VALUE` bits.
    np.testing.assert_allclose(
        model["kl_aggregate_upper"] + model["mi_lower"], model["rate"], rtol=2.0**-VALUE
    )


def test_resume_trains_and_evaluates_nothing_again(tiny_again, tmp_path, monkeypatch, capsys):
    first = load_results(tmp_path / "out")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    for name in ("measure_latents", "measure_quality", "score"):
        monkeypatch.setattr(f"study.pipeline.measuring.{name}", never)
    monkeypatch.setattr("study.training.engine._train_one", never)
    clock = itertools.count(100.0, 42.0)  # at the beginning, and at the end, after the report
    monkeypatch.setattr("study.cli.run.time", SimpleNamespace(perf_counter=lambda: next(clock)))
    assert tiny_again() == 0
    assert "\nin 42 s, peak memory " in capsys.readouterr().out
    second = load_results(tmp_path / "out")
    pd.testing.assert_frame_equal(first.metrics, second.metrics)
    pd.testing.assert_frame_equal(first.losses, second.losses)
    assert tiny_again("--dry-run") == 0
    assert "6 cells, 6 of them done" in capsys.readouterr().out


def test_a_new_metric_configuration_does_not_train_again(tiny_again, monkeypatch):
    monkeypatch.setattr("study.training.engine._train_one", lambda *_: pytest.fail("trained again"))
    assert tiny_again("--strategies", "prior", "gmm") == 0


def test_a_grid_cell_is_the_same_in_another_grid_and_order(tiny_again, tmp_path):
    whole = load_results(tmp_path / "out").metrics
    assert tiny_again("--alphas", "10", "--seeds", "2,0,1", "--store", "other") == 0
    part = load_results(tmp_path / "out").metrics
    shared = ["run_id", "strategy", "draw", "evaluation", "metric"]
    joined = part.merge(whole, on=shared, validate="one_to_one", suffixes=("", "_whole"))
    assert len(joined) == len(part)
    timed = joined["metric"].str.startswith("seconds")
    np.testing.assert_array_equal(joined.loc[~timed, "value"], joined.loc[~timed, "value_whole"])


def test_a_damaged_cell_is_made_anew(tiny_again, tmp_path):
    first = load_results(tmp_path / "out").metrics
    victim = next((tmp_path / ".study" / "train").rglob("*.cell"))
    victim.write_bytes(victim.read_bytes()[:-7])
    with pytest.warns(UserWarning, match="damaged"):
        assert tiny_again() == 0
    second = load_results(tmp_path / "out").metrics
    np.testing.assert_array_equal(first["value"], second["value"])


def test_failed_cells_are_rows_and_exit_code_1(tmp_path, monkeypatch, no_report, capsys):
    monkeypatch.chdir(tmp_path)
    training = dataclasses.replace(TINY.training, learning_rate=1e30)
    bad = dataclasses.replace(TINY, training=training)
    mixed = Experiment(name="mixed", question="?", profiles={"default": (TINY, bad)})
    assert cli.experiment_main(mixed, ["--out", "out"]) == 1
    runs = load_results("out").runs
    assert runs["status"].value_counts().to_dict() == {"done": 6, "failed": 6}
    assert runs.loc[runs["status"] == "failed", "reason"].str.contains("diverged").all()
    error = capsys.readouterr().err
    assert error.count("failed: diverged") >= 6
    assert "α=10, β=1, seed 2" in error
    assert not any(Store(Path(".study")).has("evaluate", r) for r in runs["run_id"])
    assert main(["status", "out"]) == 1
    assert "6 of 12 cells done" in capsys.readouterr().out
    assert cli.experiment_main(mixed, ["--out", "fast", "--fail-fast"]) == 1
    assert len(load_results("fast").runs) == 7


def test_evaluation_that_fails_keeps_the_others(tiny, monkeypatch, tmp_path):
    from study.scoring.latents import measure_latents

    calls = []

    def sometimes(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError("no room")
        return measure_latents(*args, **kwargs)

    monkeypatch.setattr("study.pipeline.measuring.measure_latents", sometimes)
    assert tiny() == 1
    runs = load_results(tmp_path / "out").runs
    assert runs["reason"].tolist().count("evaluation stopped: no room") == 1
    assert (runs["status"] == "done").sum() == 5
    assert tiny() == 0  # the failed cell was not stored as done


def test_report_and_table_from_tables_alone(ran, sketched, capsys, tmp_path):
    """Of committed results `tests/report/test_committed.py` says so, with every figure."""
    out = shutil.copytree(ran / "out", tmp_path / "out")
    before = (out / "report.html").read_bytes()
    assert main(["report", str(out)]) == 0
    assert (out / "report.html").read_bytes() == before
    capsys.readouterr()
    for form, mark in (
        ("md", "| strategy | KID"),
        ("latex", r"\begin{tabular}"),
        ("csv", "strategy"),
        ("html", "<table"),
    ):
        assert main(["table", str(out), "--format", form]) == 0
        text = capsys.readouterr().out
        assert mark in text and "posterior" in text
    assert main(["status", str(out)]) == 0


@pytest.mark.parametrize("what", LISTS)
def test_lists_have_name_summary_and_source(what, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["list", what, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows and all(row["name"] and row["summary"] and "source" in row for row in rows)
    assert main(["list", what]) == 0


def test_env_and_clean(capsys, tmp_path):
    assert main(["env", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["versions"]["flax"]
    Store(tmp_path / "s").put("train", "ab", {"a": np.zeros(10)}, {})
    assert main(["clean", "--yes", "--store", str(tmp_path / "s")]) == 0
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "no_such"], "experiment 'no_such': no file experiments/no_such.py"),
        (
            ["run", "experiments/sampling_strategies.py", "--profile", "huge"],
            "has no profile 'huge'; it has smoke",
        ),
        (["run", "sampling_strategies", "--profile", "quick", "--dataset", "nope"], "nope"),
        (["run", "sampling_strategies", "--profile", "quick", "--alphas", "ten"], "--alphas: expected float"),
        (["run", "sampling_strategies", "--profile", "quick", "--seeds", "1.5"], "--seeds: expected int"),
        (["run", "sampling_strategies", "--profile", "quick", "--alphas", "1", "1"], "only once"),
        (
            ["run", "sampling_strategies", "--profile", "quick", "--strategies", "gmm"],
            "must include 'prior'",
        ),
        (
            ["run", "sampling_strategies", "--profile", "quick", "--strategies", "prior,x"],
            "no strategy 'x'; known",
        ),
        (
            ["run", "sampling_strategies", "--profile", "quick", "--latent-dim", "0"],
            "latent_dim: must be positive",
        ),
        (["report", "nowhere"], "nowhere: no such results folder"),
        (["table", "study"], "study/provenance.json: no such file"),
        (["status", "README.md"], "no such results folder"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(arguments, message, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("study: ") and error.count("\n") == 1
    assert message in error


def test_experiments_that_do_not_load_are_said(tmp_path):
    (tmp_path / "broken.py").write_text("import nothing_of_that_name\n")
    with pytest.raises(StudyError, match="does not load \\(ModuleNotFoundError"):
        load_experiment(str(tmp_path / "broken.py"))
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(StudyError, match="declares no EXPERIMENT"):
        load_experiment(str(tmp_path / "empty.py"))


def test_a_users_own_arrays_without_labels(tmp_path, monkeypatch, no_report):
    """Strategies and metrics that need labels give this as the reason in their rows; all others are scored."""
    monkeypatch.chdir(tmp_path)
    np.save("own.npy", np.random.default_rng(0).normal(size=(300, 5)))
    config = dataclasses.replace(
        TINY, strategies=("prior", "posterior", "class-posterior", "held-out"), alphas=(1.0,)
    )
    own = Experiment(name="own", question="?", profiles={"default": config})
    assert cli.experiment_main(own, ["--dataset", "own.npy", "--out", "out"]) == 0
    metrics = load_results("out").metrics
    gaps = metrics[metrics["status"] == "missing"]
    assert set(gaps["strategy"]) == {"prior", "posterior", "class-posterior", "held-out"}
    assert gaps.loc[gaps["strategy"] == "class-posterior", "reason"].str.contains("labels").all()
    of_prior = gaps[gaps["strategy"] == "prior"].set_index("metric")["reason"]
    assert set(of_prior.index) == {"class_histogram", "confidence", "fd_infinity"}
    assert "needs at least 64 samples" in of_prior["fd_infinity"].iloc[0]
    kid = metrics[(metrics["metric"] == "kid") & (metrics["status"] == "ok")]
    assert kid.groupby("evaluation").size().tolist() == [9] * 2


def test_model_families_are_listed_with_summary_and_source():
    rows = {row["name"]: row for row in listing("models")}
    families = [name for name, row in rows.items() if row["kind"] == "family"]
    assert families == list(get_args(get_type_hints(VAEConfig)["family"]))
    assert list(rows)[len(families) :] == list(get_args(get_type_hints(VAEConfig)["network"]))
    assert all(row["summary"] and row["source"] for row in rows.values())
    assert rows["vampprior"]["prior"] == {"components": 50} and rows["vae"]["prior"] == {}
