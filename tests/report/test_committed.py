"""Every committed results folder equals the output of `study report` from its tables, byte for byte."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from study.config import StudyConfig
from study.config.serialise import from_dict, to_dict
from study.pipeline.experiment import load_experiment
from study.runtime.folders import read_manifest
from tests.committed import FOLDERS, label

ROOT = Path(__file__).parents[2]
EVERY = sorted(path.parent for path in (ROOT / "results").glob("*/*/provenance.json"))
QUICK = (
    "binarised_mnist",
    "posterior_gap",
)  # made again in seconds each; all of them take four minutes
LARGEST = 25_000_000  # bytes of all that is committed
FOLDER = 2_000_000  # bytes of an experiment on one data set
PAGE = 3_000_000  # bytes of a page


@pytest.mark.integration
@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(f, id=label(f), marks=[] if f.parent.name in QUICK else [pytest.mark.slow])
        for f in FOLDERS
    ],
)
def test_a_report_made_again_is_the_committed_one(folder: Path, tmp_path: Path) -> None:
    own = f"experiments/{folder.parent.name}.py"
    again = tmp_path / "results" / label(folder)  # as the command in the report has it
    shutil.copytree(folder, again)
    for path in (again / "report.md", again / "report.html", *(again / "figures").glob("*")):
        path.unlink()
    # As a reader runs it: the tests' own settings of XLA change the last bits of intervals, which the page's SVG shows.
    plain = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"} | {
        "PYTHONPATH": str(ROOT)
    }
    command = [sys.executable, "-m", "study.cli", "report", str(again), "--experiment", str(ROOT / own)]
    done = subprocess.run(command, env=plain, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made, kept = (
        {str(p.relative_to(f)): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in (again, folder)
    )
    assert made.keys() == kept.keys()
    assert [file for file in sorted(kept) if made[file] != kept[file]] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=label)
def test_a_folder_holds_what_is_read_and_shown_alone(folder: Path) -> None:
    suffixes = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert suffixes <= {".parquet", ".xz", ".csv", ".json", ".md", ".html", ".png"}
    assert not (folder / "summary.csv").exists()
    assert (folder / "report.html").stat().st_size < PAGE
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < FOLDER


@pytest.mark.integration
@pytest.mark.parametrize("folder", FOLDERS, ids=label)
def test_committed_tables_are_those_of_the_declared_configuration(folder: Path) -> None:
    """Presets and helpers may change how a grid is written, but not its values."""
    configs = read_manifest(folder)["config"]
    experiment = load_experiment(str(ROOT / "experiments" / f"{folder.parent.name}.py"))
    dataset, _, profile = folder.name.rpartition("-")
    declared = experiment.grids(profile, dataset)
    found = [from_dict(StudyConfig, one) for one in (configs if isinstance(configs, list) else [configs])]
    assert list(map(_decides, declared)) == list(map(_decides, found))


def _decides(grid: StudyConfig) -> dict:
    """The fields that determine the numbers: for model and training those that family and network use."""
    return {**to_dict(grid), "model": grid.model.deciding, "training": grid.training.deciding}


def test_all_that_is_committed_is_small() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "results"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("needs git's list of files")
    sizes = [path.stat().st_size for path in map(ROOT.joinpath, listed.stdout.split("\0")) if path.is_file()]
    assert sum(sizes) < LARGEST


@pytest.mark.parametrize("folder", EVERY, ids=label)
def test_no_text_holds_a_place_that_was_never_filled(folder: Path) -> None:
    """A bootstrap was once "of {over(summary)}"."""
    assert not re.findall(r"\{\w+[(}]", (folder / "report.md").read_text().split("## Provenance")[0])
