"""Settings under which every test runs: two CPU devices, no silent promotion of type or rank."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
# Most programs of the tests run once on little data: they are made a third faster than they would run.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")

import jax

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

ROOT = Path(__file__).parents[1]


@pytest.fixture
def mnist_available() -> None:
    """Skips where `$STUDY_DATA` does not hold MNIST."""
    home = os.environ.get("STUDY_DATA", "")
    if not home or not (Path(home) / "mnist").is_dir():
        pytest.skip("needs MNIST below $STUDY_DATA")


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder of one `smoke` run through the command line, in a process of its own."""
    folder = tmp_path_factory.mktemp("smoke")
    done = run_study(
        "run", "sampling_strategies", "--profile", "smoke", "--out", str(folder / "out"), store=folder
    )
    assert done.returncode == 0, done.stderr
    return folder / "out"


def run_study(*arguments: str, store: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    """`study ARGUMENTS` in a process of its own, as a user types it."""
    environment = {**os.environ, "STUDY_STORE": str(store / "store"), "PYTHONWARNINGS": "default"}
    command = [sys.executable, "-m", "study.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=environment)
