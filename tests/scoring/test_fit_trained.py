"""Strategies trained on several models at once: no row depends on the group, and a failure affects only its model."""

import dataclasses
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest

from study.config import StudyConfig, TrainConfig, VAEConfig
from study.data import load_dataset
from study.latents import Latents
from study.pipeline import measuring as runner
from study.pipeline.plan import make_plan
from study.pipeline.run import execute
from study.pipeline.store import Store
from study.scoring.encode import Encoded
from study.scoring.fit import fit_trained
from study.strategies import REGISTRY
from study.strategies.two_stage import TwoStage

pytestmark = pytest.mark.integration


@dataclasses.dataclass(frozen=True)
class Short(TwoStage):
    """A two-stage VAE of a few steps."""

    steps: int = 20
    width: int = 16


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY, "two-stage", Short)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("group", [2])
def test_rows_do_not_depend_on_the_group(group: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = StudyConfig(
        model=VAEConfig(latent_dim=2, hidden=(8,)),
        training=TrainConfig(steps=20),
        seeds=(0, 1, 2),
        strategies=("prior", "two-stage"),
        n_samples=100,
        fits=2,
        density_draws=100,
        evaluations=2,
    )
    plan = make_plan(config, load_dataset("digits"))
    calls: list[int] = []
    many = Short.fit_many

    def counted(self: Short, keys: list[jax.Array], *rest: object, **fields: object) -> object:
        calls.append(len(keys))
        return many(self, keys, *rest, **fields)  # type: ignore[arg-type]

    tables = []
    for size in (2, 1):
        monkeypatch.setattr(runner, "GROUP", size)
        monkeypatch.setattr(Short, "fit_many", counted)
        calls.clear()
        run = execute(plan, Store(tmp_path / str(size)))
        assert not run.failed and len(run.outcomes) == 3
        assert calls == ([4, 2] if size == 2 else [2, 2, 2])  # cells of the group times fits; nothing twice
        found = [o.evaluation for o in run.outcomes]
        frames = [one.metrics for one in found if one is not None]
        rows = pd.concat(frames, keys=range(3))
        tables.append(rows[~rows["metric"].str.startswith("seconds")].drop(columns="reason"))
    pd.testing.assert_frame_equal(tables[0], tables[1])


@pytest.mark.usefixtures("short")
def test_what_fails_on_one_model_is_left_to_its_evaluation() -> None:
    rng = np.random.default_rng(0)
    good, few = (Latents(rng.normal(size=(n, 2)), np.full((n, 2), -2.0)) for n in (50, 2))
    encoded = [Encoded(part, good, good) for part in (good, few)]
    keys = list(jax.random.split(jax.random.key(0)))
    assert fit_trained(keys, encoded, strategies=("prior", "two-stage"), fits=1) == [{}, {}]
    alone = fit_trained(keys[:1], encoded[:1], strategies=("prior", "two-stage"), fits=2)
    assert list(alone[0]) == [("two-stage", 0), ("two-stage", 1)]
    assert fit_trained([], [], strategies=("two-stage",), fits=1) == []
