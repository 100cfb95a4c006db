"""What every profile whose results count must have."""

import pytest

from study.claims.evidence import PROFILES
from study.pipeline.experiment import installed_experiment
from study.pipeline.experiment_files import experiments

LEAST = 4  # two are one degree of freedom, with which no interval is short enough for a verdict
NAMES = [one["name"] for one in experiments()]


@pytest.mark.parametrize("name", NAMES)
def test_there_are_enough_evaluations_for_a_verdict(name):
    """Intervals are over trainings and evaluations: with two evaluations all strategies were "not decided"."""
    experiment = installed_experiment(name)
    assert experiment is not None
    few = {
        profile: grid.evaluations
        for profile in experiment.profiles
        if profile.partition("/")[0] in PROFILES
        for grid in experiment.grids(*profile.split("/"))
        if grid.evaluations < LEAST
    }
    assert not few
