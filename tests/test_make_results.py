"""`make results` makes every committed folder, from experiments and data sets that exist."""

import re
import subprocess
from pathlib import Path

import pytest

from study.data import DATASETS

ROOT = Path(__file__).parents[1]
RUNS = re.search(r"^RUNS \?= ((?:.*\\\n)*.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
assert RUNS is not None
PAIRS = [tuple(run.split(":")) for run in RUNS[1].replace("\\\n", " ").split()]


def test_every_committed_folder_is_among_them():
    folders = {
        (path.parent.parent.name, path.parent.name.removesuffix("-default"))
        for path in (ROOT / "results").glob("*/*-default/runs.parquet")
    }
    assert folders and folders <= set(PAIRS) and len(PAIRS) == len(set(PAIRS))


@pytest.mark.parametrize("pair", PAIRS, ids=":".join)
def test_experiments_and_data_sets_exist(pair):
    experiment, dataset = pair
    assert (ROOT / "experiments" / f"{experiment}.py").is_file() and dataset in DATASETS


def test_each_is_run_and_then_what_is_made_of_all():
    said = subprocess.run(
        ["make", "--dry-run", "--always-make", "results", "RUNS=a:b"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout
    lines = [
        line for line in said.splitlines() if "study run" in line or "study claims" in line or "index" in line
    ]
    assert [line.split("/")[-1] for line in lines[-2:]] == ["study claims", "study index"]
    assert "for run in a:b" in lines[0]
