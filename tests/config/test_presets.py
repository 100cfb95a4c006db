"""Presets, and the one way to change a configuration."""

from pathlib import Path

import pytest

from study import StudyConfig, StudyError
from study.config.presets import DIGITS, MNIST, SMOKE, vary
from study.data import load_dataset
from study.pipeline.experiment import load_experiment
from study.pipeline.plan import make_plan

ROOT = Path(__file__).parents[2]


def test_changes_go_where_they_belong_and_change_nothing_else():
    made = vary(
        DIGITS, model={"family": "gan", "prior": {"components": 3}}, training={"steps": 7}, betas=(2.0,)
    )
    assert (made.model.family, made.model.prior.components, made.training.steps) == ("gan", 3, 7)
    assert (
        vary(
            made, model={"family": "vae", "prior": {"components": 50}}, training={"steps": 4000}, betas=(1.0,)
        )
        == DIGITS
    )
    assert vary(MNIST) == MNIST


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 3}, "no field 'steps' of StudyConfig; it has dataset"),
        ({"training": {"step": 3}}, "no field 'step' of TrainConfig; it has steps"),
        ({"training": {"steps": 0}}, "steps: must be positive"),
        ({"likelihood": "bernoulli"}, "likelihood: expected a LikelihoodConfig"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_wrong_changes_are_said(changes, message):
    with pytest.raises(StudyError, match=message):
        vary(SMOKE, **changes)


def test_experiments_share_trained_models_where_their_grids_meet():
    """The quick profiles of gap_ladder and posterior_gap share their VAEs: same training, same store key."""
    data = load_dataset("digits")
    ladder, gap = (
        make_plan(load_experiment(str(ROOT / "experiments" / f"{name}.py")).grids("quick")[0], data)
        for name in ("gap_ladder", "posterior_gap")
    )
    keys = [{cell.train_key for cell in plan.cells} for plan in (ladder, gap)]
    assert keys[0] == keys[1] and len(keys[0]) == 15


def test_three_seeds_of_a_smoke_run_have_an_interval():
    assert isinstance(SMOKE, StudyConfig) and len(SMOKE.seeds) == 3
