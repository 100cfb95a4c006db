"""Other processes measure cells beside the one that runs, and change no number."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from study import StudyConfig, TrainConfig, VAEConfig, load_dataset
from study.pipeline.executors import local as helpers
from study.pipeline.job import Count, Job
from study.pipeline.plan import Plan, make_plan
from study.pipeline.run import Run, execute
from study.pipeline.store import Store
from study.strategies import REGISTRY
from study.strategies.global_gaussian import GlobalGaussian

pytestmark = pytest.mark.integration

CONFIG = StudyConfig(
    model=VAEConfig(latent_dim=2, hidden=(8,)), training=TrainConfig(steps=20), seeds=(0, 1, 2),
    strategies=("prior", "global-gaussian", "held-out"), n_samples=50, density_draws=50, evaluations=2,
)  # fmt: skip
SCORES = ("encode", "latents", "quality", "score")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, Run, Path]:
    """A plan, its run by one process, and a store that holds its trained models alone."""
    folder = tmp_path_factory.mktemp("trained")
    plan = make_plan(CONFIG, load_dataset("digits"))
    run = execute(plan, Store(folder))
    for stage in SCORES:
        shutil.rmtree(folder / stage)
    return plan, run, folder


@pytest.fixture
def store(alone: tuple[Plan, Run, Path], tmp_path: Path) -> Store:
    shutil.copytree(alone[2], tmp_path / "store")
    return Store(tmp_path / "store")


def said(job: Job) -> bytes:
    """What a helper prints that works alone."""
    with helpers._started(job) as process:
        assert process.wait(timeout=300) == 0 and process.stdout is not None
        return bytes(process.stdout.read())


def same(one: Run, other: Run) -> None:
    """The same numbers, apart from seconds."""
    for mine, theirs in zip(one.outcomes, other.outcomes, strict=True):
        assert mine.evaluation is not None and theirs.evaluation is not None
        a, b = (found.metrics[~found.metrics["metric"].str.startswith("seconds")]
                for found in (mine.evaluation, theirs.evaluation))  # fmt: skip
        np.testing.assert_array_equal(a["value"], b["value"])
        np.testing.assert_array_equal(mine.evaluation.latents["kl"], theirs.evaluation.latents["kl"])


def test_a_helper_alone_measures_everything_to_the_last_bit(
    alone: tuple[Plan, Run, Path], store: Store
) -> None:
    plan, run, _ = alone
    scored, memory = map(int, said(Job(plan, store, (), Count())).split())
    assert scored == 3 and memory > 1 << 26
    found = execute(plan, store)
    assert (found.count.trained, found.count.scored) == (0, 0)
    same(found, run)


def test_helpers_are_started_where_they_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helpers, "cores", lambda: 4)
    monkeypatch.setattr(helpers, "free_memory", lambda: 1 << 50)
    assert [helpers._worthwhile(n) for n in (0, 7, 8, 15, 16, 999)] == [0, 0, 1, 2, 3, 3]
    monkeypatch.setattr(helpers, "free_memory", lambda: 0)
    assert helpers._worthwhile(999) == 0


@pytest.mark.parametrize("program", ["raise SystemExit(9)", "import time; time.sleep(600)"])
def test_a_helper_that_dies_or_hangs_changes_nothing(
    alone: tuple[Plan, Run, Path], store: Store, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    plan, run, _ = alone
    started = []

    def useless(job: Job) -> "subprocess.Popen[bytes]":
        started.append(subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE))
        return started[-1]

    monkeypatch.setattr(helpers, "_worthwhile", lambda cells: 1 if cells else 0)
    monkeypatch.setattr(helpers, "_started", useless)
    found = execute(plan, store)
    assert found.count.scored == 3 and started[0].poll() is not None
    same(found, run)
    execute(plan, store)
    assert len(started) == 1  # nothing was left to do


def test_a_helper_that_does_not_know_a_strategy_leaves_it_to_others(
    alone: tuple[Plan, Run, Path], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its keys differ, so that it cannot store numbers under the wrong ones."""

    class Newer(GlobalGaussian):
        version = 99

    monkeypatch.setitem(REGISTRY, "global-gaussian", Newer)
    plan = make_plan(CONFIG, load_dataset("digits"))
    assert plan.cells[0].score_keys != alone[0].cells[0].score_keys
    assert said(Job(plan, store, (), Count())) == b""
    assert not (store.folder / "score").exists()


def test_a_helper_ends_with_the_process_that_started_it() -> None:
    program = (
        "import threading, time\nfrom study.pipeline.executors.local import _end_with\n"
        "threading.Thread(target=_end_with, args=(0,), daemon=True).start()\ntime.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
    process.communicate(timeout=60)
    assert process.returncode == 1
