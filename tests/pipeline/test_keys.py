"""Store keys stay the same, so that stored results remain usable."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest

from study import AnnealingConfig, LikelihoodConfig, StudyConfig, TrainConfig, VAEConfig, load_dataset
from study.config import ObjectiveConfig, PriorConfig
from study.config.serialise import to_dict
from study.metrics.registry import METRICS
from study.pipeline.keys import VERSIONS
from study.pipeline.plan import make_plan
from study.strategies import REGISTRY

EVERY = StudyConfig(
    dataset="mnist",
    model=VAEConfig(
        family="flow-prior",
        network="conv",
        latent_dim=16,
        channels=(8, 16),
        likelihood="bernoulli",
        prior=PriorConfig(layers=2, hidden=(32,)),
        objective=ObjectiveConfig(scales=(0.5, 2.0)),
    ),
    training=TrainConfig(
        steps=50,
        batch_size=64,
        learning_rate=3e-3,
        schedule="cosine",
        kl_warmup=0.25,
        binarise=True,
        patience=4,
    ),
    alphas=(0.5, 1.0, 1e-3),
    betas=(0.0, 2.5),
    seeds=(3, 1),
    strategies=("prior", "gmm"),
    n_samples=100,
    fits=2,
    draws=3,
    density_draws=10,
    decode="sample",
    feature_dimensions=8,
    features="net.onnx",
    likelihood=LikelihoodConfig(
        examples=10, samples=(5, 10), annealed=2, annealing=AnnealingConfig(chains=4, temperatures=20)
    ),
)


def digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@pytest.mark.parametrize(
    ("config", "whole", "deciding"),
    [
        (
            StudyConfig(),
            "86405374d02ebb38417915771d8ab203cbe7482d3a709e0812730a702c5821ae",
            "ec9b5c0a70a81ec4142787c849ceb48aadedf5874345807b554b521b51d1181c",
        ),
        (
            EVERY,
            "8bc7859d8521499262454d1a62e05a7dcc35b8f4b647c51e15ac07bd4a66e686",
            "84ff29ce732fc9c54ff9bb337aab7e46b8d0e4612d59cc53beb50447f9fe9a11",
        ),
    ],
)
def test_configurations_are_written_as_before_their_fields_were_checked(config, whole, deciding):
    """The expected digests are those of the version before, which had no exemplars."""
    written = to_dict(config)
    assert written["model"]["prior"].pop("exemplars") == 500
    assert digest(written) == whole
    assert digest([config.model.deciding, config.training.deciding]) == deciding


@pytest.mark.usefixtures("unchecked")
def test_equal_numbers_of_another_type_have_equal_keys():
    data = load_dataset("digits")
    plain = StudyConfig(
        model=VAEConfig(family="beta-tc-vae", latent_dim=3, objective=ObjectiveConfig(tc_weight=2.0)),
        training=TrainConfig(steps=30, learning_rate=1.0),
        alphas=(1.0, 0.5),
        seeds=(0, 1),
    )
    other = StudyConfig(
        model=VAEConfig(
            family="beta-tc-vae",
            latent_dim=np.int64(3),
            hidden=[128, 128.0],
            objective=ObjectiveConfig(tc_weight=2),
        ),
        training=TrainConfig(steps=30.0, learning_rate=np.float32(1)),
        alphas=[1, np.float32(0.5)],
        betas=np.ones(1),
        seeds=range(2),
    )
    assert other == plain
    keys = [
        [(cell.train_key, cell.encode_key, cell.evaluate_key) for cell in make_plan(one, data).cells]
        for one in (plain, other)
    ]
    assert keys[0] == keys[1] and len(keys[0]) == 4


def units(config: StudyConfig) -> dict[str, str]:
    """The key of every unit of the first cell, by name."""
    cell = make_plan(config, load_dataset("digits")).cells[0]
    scores = {f"score {name} {fit}": key for (name, fit), key in cell.score_keys.items()}
    own = {"train": cell.train_key, "encode": cell.encode_key, "quality": cell.quality_key}
    return {**own, **dict(cell.model_units), **scores}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


CONFIG = StudyConfig(
    strategies=("prior", "gmm", "noise"),
    likelihood=LikelihoodConfig(examples=10, samples=(5,)),
)


def test_a_new_strategy_leaves_all_other_units_as_they_are():
    more = dataclasses.replace(CONFIG, strategies=("prior", "kde", "gmm", "noise"))
    before, after = units(CONFIG), units(more)
    assert after.items() >= before.items()
    assert after.keys() - before.keys() == {"score kde 0"}


def test_a_changed_strategy_makes_its_own_scores_anew(monkeypatch):
    before = units(CONFIG)
    monkeypatch.setattr(REGISTRY["gmm"], "version", 99, raising=False)
    assert changed(before, units(CONFIG)) == {"score gmm 0"}


def test_a_changed_library_of_a_strategy_makes_its_own_scores_anew(monkeypatch):
    before = units(CONFIG)
    monkeypatch.setattr(REGISTRY["gmm"], "libraries", ("hypothesis",), raising=False)
    assert changed(before, units(CONFIG)) == {"score gmm 0"}


def test_a_changed_metric_makes_all_scores_anew_and_trains_nothing(monkeypatch):
    before = units(CONFIG)
    monkeypatch.setitem(METRICS, "kid", dataclasses.replace(METRICS["kid"], version=99))
    after = units(CONFIG)
    assert changed(before, after) == {"quality", "score prior 0", "score gmm 0", "score noise 0"}


@pytest.mark.parametrize("stage", VERSIONS)
def test_a_changed_stage_makes_itself_and_what_is_made_from_it_anew(monkeypatch, stage):
    before = units(CONFIG)
    monkeypatch.setitem(VERSIONS, stage, 99)
    scores = {name for name in before if name.startswith("score ")}
    own = {
        "features": set(),
        "train": set(before),
        "encode": set(before) - {"train"},
        "score": scores,
    }.get(stage, {stage})
    assert changed(before, units(CONFIG)) == own


def test_what_bounds_log_p_is_a_unit_of_its_own():
    before = units(CONFIG)
    more = dataclasses.replace(CONFIG, likelihood=LikelihoodConfig(examples=20, samples=(5,)))
    assert changed(before, units(more)) == {"likelihood"}
    none = dataclasses.replace(CONFIG, likelihood=LikelihoodConfig())
    assert units(none).items() <= before.items()
