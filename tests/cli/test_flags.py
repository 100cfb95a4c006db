"""The flags of `study run`: how they change configurations, and the messages for wrong ones."""

import argparse
import dataclasses

import pytest

from study import StudyConfig, StudyError, TrainConfig, VAEConfig
from study.cli.flags import MOST_GIGABYTES, add_flags, changes, max_bytes, written
from study.cli.parsing import Parser, one_line
from study.pipeline.grids import changed, check_grids, configured
from study.runtime.limits import MAX_BYTES

PLAIN = StudyConfig(strategies=("prior",))
GAN = dataclasses.replace(PLAIN, model=VAEConfig(family="gan"))
AE = dataclasses.replace(PLAIN, model=VAEConfig(family="ae"))


def parsed(*flags: str) -> argparse.Namespace:
    parser = Parser(prog="study run")
    add_flags(parser)
    return parser.parse_args(flags)


def test_flags_make_a_configuration():
    flags = ["--alphas", "1,10", "0.5", "--betas=2", "--seeds", "3", "--latent-dim", "5", "--steps", "70"]
    made = changed(PLAIN, changes(parsed(*flags, "--strategies", "prior,gmm")))
    assert (made.alphas, made.betas, made.seeds) == ((1.0, 10.0, 0.5), (2.0,), (0, 1, 2))
    assert (made.model.latent_dim, made.training.steps) == (5, 70)
    assert made.strategies == ("prior", "gmm")
    assert changed(PLAIN, changes(parsed())) == PLAIN


def test_one_seed_is_a_number_of_seeds_and_a_comma_makes_it_that_seed():
    assert changed(PLAIN, changes(parsed("--seeds", "2"))).seeds == (0, 1)
    assert changed(PLAIN, changes(parsed("--seeds", "7,"))).seeds == (7,)
    assert changed(PLAIN, changes(parsed("--seeds", "7", "9"))).seeds == (7, 9)


def test_limits_and_force():
    assert parsed().max_gigabytes == MOST_GIGABYTES and not parsed().force
    assert max_bytes(parsed()) == MAX_BYTES and max_bytes(parsed("--max-gigabytes", "0.5")) == 2**29
    assert parsed("--force").force


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--alphas", "nan"], "--alphas: give finite numbers, got 'nan'"),
        (["--betas", "inf"], "--betas: give finite numbers, got 'inf'"),
        (["--betas", "1e999"], "--betas: give finite numbers, got '1e999'"),
        (["--betas", "9" * 400], "--betas: give finite numbers, got '999"),
        (["--betas", "9" * 5000], "--betas: give finite numbers, got '999"),
        (["--seeds", "9" * 400], "--seeds: the number is too large"),
        (["--seeds", "9" * 5000], "--seeds: the number is too large"),
        (["--seeds", "100000000000"], "--seeds: one number is how many seeds, at most 10,000, got 100000000000"),
        (["--seeds", "0"], "--seeds: one number is how many seeds; give 1 or more, got 0"),
        (["--seeds", "-3"], "--seeds: one number is how many seeds; give 1 or more, got -3"),
        (["--alphas", ""], "--alphas: is empty"),
        (["--alphas", ","], "--alphas: is empty"),
        (["--alphas", "-inf"], "--alphas: give finite numbers, got '-inf'"),
        (["--alphas", "1", "--alphas", "2"], "--alphas: is given twice; give it once, with all its values"),
        (["--alphas=1", "2"], "unexpected value 2; give the values of a flag as"),
        (["--alpha", "1"], "no flag --alpha here"),
        (["--alphas"], "--alphas: expected at least one argument"),
        (["--dry-run=1"], "--dry-run: ignored explicit argument '1'"),
        (["--profile", ""], "--profile: is empty"),
        (["--features", " "], "--features: is empty"),
        (["--dataset", "a\0b"], "--dataset: a name cannot contain a null character"),
        (["--out", ""], "--out: is empty"),
        (["--store="], "--store: is empty"),
        (["--max-gigabytes", "0"], "--max-gigabytes: give a number above 0"),
        (["--max-gigabytes", "nan"], "--max-gigabytes: give finite numbers"),
        (["--latent-dim", "1.5"], "--latent-dim: expected int values, got '1.5'"),
    ],
)  # fmt: skip
def test_what_is_no_value_is_told_before_anything_is_done(flags, message):
    with pytest.raises(StudyError) as error:
        parsed(*flags)
    assert message in str(error.value)
    assert len(str(error.value)) < 250


@pytest.mark.integration
@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--alphas", "0"], "alphas: all are 0, so nothing would be reconstructed"),
        (["--alphas", "-1"], "alphas: weights of a loss cannot be negative, got -1"),
        (["--alphas", "-1e3"], "alphas: weights of a loss cannot be negative, got -1000"),
        (["--alphas", "1", "1.0"], "alphas: give each value only once, got 1.0 again"),
        (["--betas", "1", "1.00000000001"], "in single precision 1.0 is the same"),
        (["--betas", "1e-300"], "betas: is too small for single precision"),
        (["--betas", "1e300"], "betas: is too large"),
        (["--strategies", "prior", "prior"], "strategies: give each value only once, got 'prior' again"),
        (["--seeds", "1", "-1"], "seeds: must lie in 0 .. 2**31 - 1"),
        (["--seeds", "100000000000,"], "seeds: is too large"),
        (["--latent-dim", "1" + "0" * 28], "latent_dim: is too large"),
        (["--latent-dim", "0"], "latent_dim: must be positive, got 0"),
        (["--steps", "0"], "steps: must be positive, got 0"),
        (["--seeds", "10000", "--alphas", "1,2,3", "--betas", "1,2,3,4"], "120,000 cells, at most 100,000 make a grid"),
    ],
)  # fmt: skip
def test_what_makes_no_configuration_is_told(flags, message):
    with pytest.raises(StudyError) as error:
        configured([PLAIN], changes(parsed(*flags)))
    assert message in str(error.value)
    assert len(str(error.value)) < 250


def test_a_flag_without_effect_on_a_grid_is_refused():
    with pytest.raises(StudyError, match="--betas: has no effect on grid 2 of 2, whose family 'gan'"):
        configured([PLAIN, GAN], changes(parsed("--betas", "1", "2")))
    with pytest.raises(StudyError, match="--alphas: has no effect on grid 1 of 1, whose family 'gan'"):
        configured([GAN], changes(parsed("--alphas", "2")))
    with pytest.raises(StudyError, match="--betas: has no effect on grid 1 of 1, whose family 'ae'"):
        configured([AE], changes(parsed("--betas", "2")))
    assert configured([AE], changes(parsed("--alphas", "2")))[0].alphas == (2.0,)
    with pytest.raises(StudyError, match="--features: has no effect on grid 1 of 1, which compares no strat"):
        configured([StudyConfig()], changes(parsed("--features", "net.onnx")))


def test_a_flag_that_makes_two_grids_the_same_is_refused():
    two = [dataclasses.replace(PLAIN, betas=betas) for betas in ((0.1, 0.2), (1.0, 2.0))]
    assert [grid.alphas for grid in configured(two, changes(parsed("--alphas", "3")))] == [(3.0,), (3.0,)]
    with pytest.raises(
        StudyError, match="--betas: grids 1 and 2 of this experiment would hold the same cell"
    ):
        configured(two, changes(parsed("--betas", "5")))
    apart = [PLAIN, dataclasses.replace(PLAIN, training=TrainConfig(steps=7))]
    with pytest.raises(StudyError, match=r"--steps: grids 1 and 2 .* same cell \(α=1, β=1, seed 0\)"):
        configured(apart, changes(parsed("--steps", "9")))


def test_grids_with_settings_of_their_own_do_not_meet_by_a_flag():
    """Like the grids of `linear_ground_truth`, whose tables have one row per β."""
    small = dataclasses.replace(PLAIN, betas=(0.1,), model=VAEConfig(latent_dim=3))
    large = dataclasses.replace(PLAIN, betas=(4.0,), model=VAEConfig(latent_dim=9))
    with pytest.raises(
        StudyError, match="--betas: grids 1 and 2 of this experiment would both be at α=1, β=1"
    ):
        configured([small, large], changes(parsed("--betas", "1")))


def test_grids_of_an_experiment_must_go_together():
    check_grids([PLAIN, dataclasses.replace(PLAIN, decode="unclipped"), GAN, AE])
    check_grids([PLAIN, dataclasses.replace(PLAIN, seeds=(9,))])
    with pytest.raises(StudyError, match="grids 1 and 3 of this experiment hold the same cell"):
        check_grids([PLAIN, AE, dataclasses.replace(PLAIN, draws=2)])
    with pytest.raises(StudyError, match="use two data sets, 'digits' and 'mnist'"):
        check_grids([PLAIN, dataclasses.replace(AE, dataset="mnist")])


def test_what_was_given_is_written_without_places():
    flags = [
        "--out",
        "a/out",
        "--dataset",
        "own.npz",
        "--seeds",
        "3",
        "--betas",
        "1.0,2.5",
        "--force",
        "--store=s",
    ]
    assert written(parsed(*flags)) == ["--dataset", "own.npz", "--seeds", "3", "--betas", "1", "2.5"]
    assert written(parsed("--seeds", "7,", "--alphas", "10")) == ["--seeds", "7,", "--alphas", "10"]
    again = changed(PLAIN, changes(parsed(*written(parsed("--seeds", "7,", "--alphas", "0.1")))))
    assert (again.seeds, again.alphas) == ((7,), (0.1,))


def test_a_message_can_neither_fill_nor_steer_a_terminal():
    assert one_line("a\n\tb") == "a b"
    assert "\x1b" not in one_line("a\x1b[2Jb")
    assert len(one_line("x" * 100_000)) < 1100
