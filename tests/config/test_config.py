"""Configurations: unknown keys and impossible values give a clear message of one line."""

import pytest

from study import StudyConfig, StudyError, TrainConfig, VAEConfig
from study.config.serialise import from_dict, to_dict


def test_round_trip_through_plain_values():
    config = StudyConfig(alphas=(1.0, 10.0), model=VAEConfig(hidden=(32, 16)), training=TrainConfig(steps=7))
    assert from_dict(StudyConfig, to_dict(config)) == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"alpha": [1.0]}, "configuration: unknown key 'alpha'; the keys are alphas"),
        ({"model": {"latentdim": 3}}, "configuration.model: unknown key 'latentdim'"),
        ({"seeds": ["one"]}, "configuration.seeds: expected int, got 'one'"),
        ({"seeds": [1.5]}, "configuration.seeds: expected int, got 1.5"),
        ({"alphas": "10"}, "configuration.alphas: expected a list"),
        ({"alphas": []}, "alphas: give at least one value"),
        ({"betas": [1, 1]}, "betas: give each value only once, got 1.0 again"),
        ({"betas": [-1.0]}, "cannot be negative"),
        ({"seeds": [-1]}, "seeds: must lie in"),
        ({"draws": 0}, "draws: must be positive"),
        ({"model": {"network": "transformer"}}, "network: expected one of linear, mlp"),
        ({"model": {"latent_dim": 0}}, "latent_dim: must be positive"),
        ({"model": {"hidden": [0]}}, "hidden: must be positive, got 0; give 1 to 16,384"),
        (
            {"model": {"family": "diffusion"}},
            "family: expected one of vae, cvae, vampprior, mog-prior, flow-prior, lars-prior",
        ),
        ({"model": {"prior": {"component": 3}}}, "configuration.model.prior: unknown key 'component'"),
        ({"model": {"prior": {"components": 0}}}, "components: must be positive"),
        ({"model": {"prior": {"covariance": "tied"}}}, "covariance: expected one of diagonal, full"),
        ({"model": {"prior": {"proposals": 1}}}, "fewer than 2 proposals"),
        ({"model": {"prior": {"bins": 1}}}, "at least 2 bins"),
        ({"model": {"prior": {"hidden": [0]}}}, "prior: hidden: must be positive, got 0"),
        ({"training": {"learning_rate": 0}}, "learning_rate: must be positive"),
    ],
)
def test_wrong_values_are_said(values, message):
    with pytest.raises(StudyError) as error:
        from_dict(StudyConfig, values)
    assert message in str(error.value)


def test_steps_round_up_to_whole_epochs():
    training = TrainConfig(steps=100, batch_size=32)
    assert training.steps_per_epoch(100) == 3
    assert training.epochs(100) == 34
    assert TrainConfig(steps=5, batch_size=64).steps_per_epoch(10) == 1
