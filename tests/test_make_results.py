"""`make results` makes every committed folder, from experiments and data sets that exist."""

import re
import subprocess
from pathlib import Path

import pytest

from study.data import DATASETS
from study.pipeline.experiment import load_experiment

ROOT = Path(__file__).parents[1]
RUNS = re.search(r"^RUNS \?= ((?:.*\\\n)*.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
assert RUNS is not None
MADE = [(*run.split(":"), "default")[:3] for run in RUNS[1].replace("\\\n", " ").split()]


def test_every_committed_folder_is_among_them():
    folders = {
        (path.parent.parent.name, *path.parent.name.rsplit("-", 1))
        for path in (ROOT / "results").glob("*/*/runs.parquet")
        if not path.parent.name.endswith(("-smoke", "-quick"))  # somebody tries something
    }
    assert folders and folders <= set(MADE) and len(MADE) == len(set(MADE))


@pytest.mark.parametrize("run", MADE, ids=":".join)
def test_experiments_data_sets_and_profiles_exist(run):
    name, dataset, profile = run
    assert (ROOT / "experiments" / f"{name}.py").is_file() and dataset in DATASETS
    assert {profile, f"{profile}/{dataset}"} & set(load_experiment(name).profiles)


def test_each_is_run_and_then_what_is_made_of_all(tmp_path):
    for name in ("study", "python"):
        command = tmp_path / name
        command.write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/said\n')
        command.chmod(0o755)
    given = ["RUNS=a:b c:d:paper", f"BIN={tmp_path}", f"VENV={tmp_path}"]
    subprocess.run(["make", "--old-file", f"{tmp_path}/.installed", "results", *given], cwd=ROOT, check=True)
    assert (tmp_path / "said").read_text().splitlines() == [
        "study run a --dataset b --profile default",
        "study run c --dataset d --profile paper",
        "python -m experiments.benchmarks.spectra",
        "python -m experiments.benchmarks.audit",
        "study claims",
        "study index",
    ]
