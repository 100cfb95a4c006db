"""Every field of the configuration as a flag: its effect on grids, messages for wrong values, help and completion."""

import argparse
import dataclasses
import shlex
import subprocess
import sys

import pytest

from study import StudyConfig, StudyError, VAEConfig
from study.cli.flags import add_flags, changes, written
from study.cli.parsing import Parser
from study.cli.settings import OWN, fields, settings, show_all, split
from study.config.paths import at, paths, replaced
from study.pipeline.grids import changed, configured

PLAIN = StudyConfig(strategies=("prior",))


def parsed(*flags: str) -> argparse.Namespace:
    parser = Parser(prog="study run")
    add_flags(parser)
    return parser.parse_args(flags)


def test_words_of_fields_are_told_from_flags_of_their_own():
    words = "mine --seeds 3 --model.hidden 64 32 --steps 7 --fits=2 --n-samples 50 --out x"
    rest, found = split(shlex.split(words))
    assert rest == ["mine", "--seeds", "3", "--steps", "7", "--out", "x"]
    assert settings(found) == {"model.hidden": (64, 32), "fits": 2, "n_samples": 50}


def test_settings_change_a_field_of_every_grid_and_leave_the_others():
    other = dataclasses.replace(PLAIN, model=VAEConfig(latent_dim=3, hidden=(7,)))
    arguments = parsed("--model.hidden", "64", "--training.batch-size", "32", "--betas", "2")
    made = configured([PLAIN, other], changes(arguments))
    assert [grid.model.hidden for grid in made] == [(64,), (64,)]
    assert [grid.model.latent_dim for grid in made] == [PLAIN.model.latent_dim, 3]
    assert {grid.training.batch_size for grid in made} == {32} and {grid.betas for grid in made} == {(2.0,)}


# An empty list, the default of one field, cannot be typed.
@pytest.mark.integration
@pytest.mark.parametrize(
    "path", [path for path in paths(StudyConfig) if path not in OWN and at(PLAIN, path) != ()]
)
def test_every_field_is_a_flag_and_its_own_value_changes_nothing(path):
    value = at(PLAIN, path)
    words = [str(one) for one in value] if isinstance(value, tuple) else [str(value)]
    assert settings([f"--{path.replace('_', '-')}", *words]) == {path: value}
    assert changed(PLAIN, changes(parsed(f"--{path}", *words))) == PLAIN
    assert f"--{path.replace('_', '-')}" in fields()


def test_what_was_set_is_written_as_it_could_be_typed():
    flags = "--betas 2 --model.hidden 64 32 --training.binarise True --decode sample"
    arguments = parsed(*flags.split())
    assert shlex.join(written(arguments)) == flags
    assert changed(PLAIN, changes(parsed(*written(arguments)))) == changed(PLAIN, changes(arguments))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--model.nope 1", "no flag --model.nope here; `study run --help-all` lists all of them"),
        ("--model.prior.nope 1", "no flag --model.prior.nope here"),
        ("--model.hidden", "--model.hidden: is empty; give a value"),
        ("--fits 2 --fits 3", "--fits: is given twice; give it once"),
        ("--training.batch-size x", r"--training.batch-size: invalid literal for int\(\) with base 10: 'x'"),
        ("--training.batch-size -3", "batch_size: must be positive, got -3"),
        ("--fits 1e5", "--fits: invalid literal"),
        ("--training.learning-rate nan", "learning_rate: give a finite number, got nan"),
        ("--training.binarise maybe", "'maybe'"),
        ("--decode loud", "'loud'"),
        ("--model.family no", "'no'"),
        ("--steps 3 --training.steps 4", "--steps: is the same as --training.steps; give one of them"),
        (
            "--model.channels 3",
            "--model.channels: has no effect here, where family is 'vae' and network 'mlp'",
        ),
        ("--model.prior.components 3", "--model.prior.components: has no effect here"),
        ("--likelihood.samples 5", "--likelihood.samples: has no effect here"),
    ],
)
def test_wrong_settings_are_one_line(flags, message):
    with pytest.raises(StudyError, match=message) as told:
        configured([PLAIN], changes(parsed(*flags.split())))
    assert "\n" not in str(told.value) and len(str(told.value)) < 320


def test_a_setting_that_decides_one_of_two_grids_is_taken():
    grids = [PLAIN, dataclasses.replace(PLAIN, model=VAEConfig(family="vampprior"))]
    made = configured(grids, changes(parsed("--model.prior.components", "3")))
    assert made[1].model.prior.components == 3


def test_a_setting_that_makes_two_grids_the_same_is_refused():
    grids = [PLAIN, dataclasses.replace(PLAIN, model=VAEConfig(hidden=(9,)))]
    with pytest.raises(
        StudyError, match=r"^--model.hidden: grids 1 and 2 of this experiment would hold the same"
    ):
        configured(grids, changes(parsed("--model.hidden", "5")))


def test_help_tells_every_field():
    told = show_all()
    assert all(name in told for name in fields())


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_knows_verbs_flags_and_fields(shell):
    done = subprocess.run(
        [sys.executable, "-m", "study.cli", "--print-completion", shell],
        capture_output=True,
        text=True,
        check=True,
    )
    for name in ("status", "--strategies", "--model.prior.components", "--fits"):
        assert name in done.stdout
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=done.stdout, text=True, check=True)


def test_replacing_at_a_path_is_what_is_read_there():
    made = replaced(PLAIN, "model.prior.components", 3)
    assert at(made, "model.prior.components") == 3
    assert replaced(made, "model.prior.components", PLAIN.model.prior.components) == PLAIN
