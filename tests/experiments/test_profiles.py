"""What every profile whose results count must have."""

import importlib
from pathlib import Path

import pytest

from study.claims.evidence import PROFILES
from study.pipeline.experiment import Experiment

FOLDER = Path(__file__).parents[2] / "experiments"
LEAST = 4  # two are one degree of freedom, with which no interval is short enough for a verdict


def experiments() -> list[Experiment]:
    names = sorted(path.stem for path in FOLDER.glob("*.py") if "EXPERIMENT = " in path.read_text("utf-8"))
    return [importlib.import_module(f"experiments.{name}").EXPERIMENT for name in names]


@pytest.mark.parametrize("experiment", experiments(), ids=lambda experiment: experiment.name)
def test_there_are_enough_evaluations_for_a_verdict(experiment):
    """Intervals are over trainings and evaluations: with two evaluations all strategies were "not decided"."""
    few = {
        profile: grid.evaluations
        for profile in experiment.profiles
        if profile.partition("/")[0] in PROFILES
        for grid in experiment.grids(*profile.split("/"))
        if grid.evaluations < LEAST
    }
    assert not few
