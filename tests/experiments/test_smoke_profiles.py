"""The smoke profile of every experiment that has no such test of its own runs, and its report answers."""

import subprocess
import sys
from pathlib import Path

import pytest

from study.tables.results import load_results
from tests.experiments.conftest import ROOT

EXPERIMENTS = (
    "reconstruction_weight", "latent_dimension", "single_latent", "training_size", "kl_per_dimension", "latent_maps",
    "two_datasets", "published_contradiction", "architectures",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_smoke_profile_runs(name: str, tmp_path: Path) -> None:
    flags = ["--profile", "smoke", "--out", str(tmp_path / "out"), "--store", str(tmp_path / "store")]
    command = [sys.executable, f"experiments/{name}.py", *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    results = load_results(tmp_path / "out")
    assert (results.runs["status"] == "done").all()
    assert (tmp_path / "out" / "figures" / "figure-1.png").exists() or name == "kl_per_dimension"
