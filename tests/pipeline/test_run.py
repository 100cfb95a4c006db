"""Failures become rows and are retried, finished units are stored, and several processes can share one plan."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study import Dataset, StudyConfig, TrainConfig, VAEConfig, load_dataset
from study.errors import CannotFit, FileError
from study.pipeline.finished import missing
from study.pipeline.job import Outcome
from study.pipeline.plan import Plan, make_plan
from study.pipeline.run import execute
from study.pipeline.store import Store
from study.strategies import REGISTRY
from study.strategies.global_gaussian import GlobalGaussian
from tests.tiers import first_of

CONFIG = StudyConfig(
    model=VAEConfig(latent_dim=2, hidden=(8,)),
    training=TrainConfig(steps=20),
    seeds=(0, 1, 2),
    strategies=("prior", "global-gaussian", "held-out"),
    n_samples=50,
    density_draws=50,
    evaluations=2,
)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture(scope="module")
def plan(digits: Dataset) -> Plan:
    return make_plan(CONFIG, digits)


@pytest.fixture(scope="module")
def trained(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds everything but the scores of one strategy."""
    folder = tmp_path_factory.mktemp("trained")
    execute(plan, Store(folder))
    for cell in plan.cells:
        Store(folder).path("score", cell.score_keys["global-gaussian", 0]).unlink()
    return folder


@pytest.fixture
def store(trained: Path, tmp_path: Path) -> Store:
    for path in trained.rglob("*"):
        if path.is_file():
            target = tmp_path / "store" / path.relative_to(trained)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return Store(tmp_path / "store")


def raising(error: BaseException, *, seeds: int) -> type:
    """A strategy of the same name and settings that raises on the first `seeds` models."""
    left = [seeds]

    @dataclasses.dataclass(frozen=True)
    class Raising(GlobalGaussian):
        def fit(self, *arguments: Any, **fields: Any) -> Any:
            left[0] -= 1
            if left[0] >= 0:
                raise error
            return super().fit(*arguments, **fields)

    return Raising


def kid(outcome: Outcome, strategy: str) -> pd.Series:
    assert outcome.evaluation is not None
    rows = outcome.evaluation.metrics
    return rows[(rows["strategy"] == strategy) & (rows["metric"] == "kid")].iloc[0]


@pytest.mark.integration
@pytest.mark.parametrize(
    "error",
    first_of(
        [
            MemoryError(),
            RuntimeError("no luck"),
            KeyError("gone"),
            ZeroDivisionError(),
            AssertionError("own fault"),
        ]
    ),
)
def test_a_strategy_that_raises_anything_is_a_row_and_is_tried_again(
    plan: Plan, store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setitem(REGISTRY, "global-gaussian", raising(error, seeds=1))
    run = execute(plan, store)
    assert [bool(outcome.failure) for outcome in run.outcomes] == [True, False, False]
    assert not any(outcome.reason for outcome in run.outcomes)
    failed, fine = (kid(run.outcomes[i], "global-gaussian") for i in (0, 1))
    assert failed["status"] == "failed" and type(error).__name__ in failed["reason"]
    assert fine["status"] == "ok" and kid(run.outcomes[0], "prior")["status"] == "ok"
    assert missing(plan, store) == 1
    again = execute(plan, store)
    assert not again.failed and missing(plan, store) == 0
    assert (again.count.trained, again.count.scored) == (0, 1)


def test_what_cannot_be_fitted_is_a_missing_row_that_is_tried_again(
    plan: Plan, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a row was once stored as done, and never retried."""
    monkeypatch.setitem(REGISTRY, "global-gaussian", raising(CannotFit("too few codes"), seeds=3))
    run = execute(plan, store)
    assert not run.failed
    assert kid(run.outcomes[0], "global-gaussian")[["status", "reason"]].tolist() == [
        "missing",
        "too few codes",
    ]
    again = execute(plan, store)
    assert {kid(outcome, "global-gaussian")["status"] for outcome in again.outcomes} == {"ok"}


def test_one_strategy_is_scored_alone(plan: Plan, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stored training, codes and other scores are not computed again."""
    names: list[str] = []
    put = Store.put

    def noted(self: Store, stage: str, *rest: Any) -> None:
        names.append(stage)
        put(self, stage, *rest)

    monkeypatch.setattr(Store, "put", noted)
    run = execute(plan, store)
    assert names == ["score"] * 3 and (run.count.trained, run.count.scored) == (0, 3)


def test_a_disk_that_is_full_ends_the_run_and_keeps_what_is_done(
    plan: Plan, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, calls = Store.put, []

    def full(self: Store, stage: str, *rest: Any) -> None:
        calls.append(stage)
        if len(calls) > 1:
            raise FileError("store: no space left on device; free the disk, or give another place")
        put(self, stage, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "put", full)
        with pytest.raises(FileError, match="no space left on device"):
            execute(plan, store)
    assert missing(plan, store) == 2
    assert not list(store.folder.rglob("*.claim"))
    assert execute(plan, store).count.scored == 2


PROGRAM = """
import sys
from pathlib import Path
import jax
jax.config.update("jax_num_cpu_devices", 2)
from study import load_dataset
from study.pipeline.store import Store
from study.pipeline.plan import make_plan
from study.pipeline.run import execute
sys.path.insert(0, sys.argv[1])
from test_run import CONFIG
run = execute(make_plan(CONFIG, load_dataset("digits")), Store(Path(sys.argv[2])))
import json
values = [o.evaluation.metrics["value"].tolist() for o in run.outcomes]
print(json.dumps([run.count.trained, run.count.scored, len(run.failed), values]))
"""


@pytest.mark.integration
def test_two_runs_at_once_share_the_work(tmp_path: Path, beside: Callable[..., dict[str, str]]) -> None:
    """Every cell is trained once and scored once, by either process, and both end with all results."""
    command = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent), str(tmp_path / "store")]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=beside())
        for _ in "ab"
    ]
    said = [process.communicate(timeout=300) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    first, second = (json.loads(out) for out, _ in said)
    assert first[0] + second[0] == 3 and first[1] + second[1] == 3
    assert first[2] == second[2] == 0
    np.testing.assert_array_equal(np.array(first[3][0]), np.array(second[3][0]))
    assert not list((tmp_path / "store").rglob("*.claim"))


def test_a_cell_that_another_process_has_is_waited_for_and_a_dead_one_is_taken_over(
    plan: Plan, store: Store, tmp_path: Path
) -> None:
    """A process that died with its claim blocks nobody."""
    key = plan.cells[0].encode_key
    script = (
        "import os, sys\nfrom pathlib import Path\nfrom study.pipeline.store import Store\n"
        "held = Store(Path(sys.argv[1])).claim('evaluate', sys.argv[2])\nassert held\nos._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(store.folder), key], check=False)
    assert done.returncode == 9 and store.path("evaluate", key).with_suffix(".claim").exists()
    assert execute(plan, store).count.scored == 3
