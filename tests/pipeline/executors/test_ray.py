"""A Ray cluster computes the same numbers, also when one of its machines dies. Skipped where Ray is not installed."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from study.errors import StudyError
from study.pipeline.executors import Executor

PROGRAM = """
import dataclasses, json, sys, threading, time
from pathlib import Path
import jax
jax.config.update("jax_num_cpu_devices", 2)
from study import StudyConfig, TrainConfig, VAEConfig, load_dataset
from study.pipeline.executors import Executor
from study.pipeline.plan import make_plan
from study.pipeline.run import execute
from study.pipeline.store import Store
from study.pipeline.tabulate import tabulate

config = StudyConfig(
    model=VAEConfig(latent_dim=2, hidden=(8,)), training=TrainConfig(steps=20), seeds=(0, 1, 2, 3, 4, 5),
    strategies=("prior", "global-gaussian", "held-out"), n_samples=50, density_draws=50, evaluations=2,
)
plan, (folder, how) = make_plan(config, load_dataset("digits")), (Path(sys.argv[1]), sys.argv[2])
store, executor = Store(folder), Executor()
if how == "ray":
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    doomed = cluster.add_node(num_cpus=1)
    executor = Executor("ray", cluster.address)

    def kill():
        while not list(folder.glob("train/*/*.cell")):
            time.sleep(0.05)
        cluster.remove_node(doomed, allow_graceful=False)

    threading.Thread(target=kill, daemon=True).start()
run = execute(plan, store, executor=executor)
metrics = tabulate([run], experiment="e", question="q", profile="p", command="c").metrics
metrics = metrics[~metrics["metric"].str.startswith("seconds")]
metrics.drop(columns=[name for name in metrics if "seconds" in name]).to_json(folder / "metrics.json")
print(json.dumps([run.count.trained, run.count.scored, len(run.failed)]))
"""


@pytest.mark.slow
def test_a_machine_that_dies_loses_nothing_and_tables_are_those_of_one_machine(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs Ray, the extra `ray`")
    found = {}
    for how in ("local", "ray"):
        (tmp_path / how).mkdir()
        environment = {
            **os.environ,
            "JAX_PLATFORMS": "cpu",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path / how), how],
            env=environment, capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[-1].endswith("0]")
        found[how] = (tmp_path / how / "metrics.json").read_bytes()
    assert found["local"] == found["ray"]


def test_what_is_wrong_with_an_executor_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StudyError, match="there is no 'slurm'; choose from local, ray"):
        Executor("slurm")
    with pytest.raises(StudyError, match="only the executor `ray` has one; add `--executor ray`"):
        Executor(address="head:6379")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        StudyError, match="needs Ray, which is not installed; `pip install ray` on every machine"
    ):
        Executor("ray")
