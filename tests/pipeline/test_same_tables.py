"""One configuration, two processes: the same bytes in every table, figure and page, apart from times and memory.

Both compile all of their programs with full optimisation, which takes most of the time. That another process measures
the same numbers, and draws the same figures, is also tested where programs are shared: executors/test_local.py and
report/test_same_bytes.py.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import itertools, sys, time
from pathlib import Path
ticks = itertools.count()
time.perf_counter = lambda: float(next(ticks))  # every duration is then a number of calls, the same in both
from study.runtime import compiling
compiling._STAGES = ()  # whose seconds come from elsewhere
from study import Experiment, StudyConfig, TrainConfig, VAEConfig, cli
config = StudyConfig(
    model=VAEConfig(latent_dim=2, hidden=(8,)), training=TrainConfig(steps=20), alphas=(1.0, 10.0), seeds=(0, 1, 2),
    strategies=("prior", "posterior", "gmm", "class-posterior", "held-out"), n_samples=100, density_draws=50,
)
experiment = Experiment(name="tiny", question="Does it run?", profiles={"default": config})
sys.exit(cli.experiment_main(experiment, ["--out", sys.argv[1] + "/results/out", "--store", sys.argv[1] + "/s"]))
"""


@pytest.mark.slow
def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    # each compiles its own programs, as for a user: what a cache or the tests' settings would hide is a part of it
    environment = {k: v for k, v in os.environ.items() if k != "JAX_COMPILATION_CACHE_DIR"}
    folders = [tmp_path / "first", tmp_path / "the second"]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(folder)],
            env={**environment, "PYTHONHASHSEED": str(i), "XLA_FLAGS": "", "TZ": ("UTC", "Asia/Tokyo")[i]},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        for i, folder in enumerate(folders)
    ]
    said = [process.communicate(timeout=600)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], said
    first, second = (contents(folder / "results" / "out") for folder in folders)
    assert list(first) == list(second)
    assert {name for name in first if first[name] != second[name]} == set()
    assert {"runs.parquet", "metrics.parquet", "samples.npz.xz", "report.html", "report.md"} <= set(first)
    assert any(name.endswith(".png") for name in first)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file by name, without digests and without the time and memory of the run."""
    facts = json.loads((folder / "provenance.json").read_text())
    moments = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != "provenance.json":
            content = path.read_bytes()
            if name.startswith("report."):
                assert re.search(moments, content) or name.endswith(".md")
                content = re.sub(moments, b"", content)
                content = content.replace(f"{facts['peak_memory_bytes'] / 2**20:.0f} MiB".encode(), b"")
            found[name] = content
    return found
