"""A family with settings and a training with early stopping, from the plan to the table of runs."""

import numpy as np
import pytest

from study import StudyConfig, TrainConfig, VAEConfig, load_dataset
from study.config import ObjectiveConfig
from study.pipeline.plan import make_plan
from study.pipeline.run import execute
from study.pipeline.store import Store
from study.pipeline.tabulate import tabulate
from study.training import train_cells

pytestmark = pytest.mark.integration


def test_settings_and_early_stopping_are_columns_and_keys(tmp_path):
    data = load_dataset("digits")
    model = VAEConfig(family="rae", latent_dim=2, hidden=(8,), objective=ObjectiveConfig(penalty="gradient"))
    config = StudyConfig(
        model=model, training=TrainConfig(steps=2000, learning_rate=0.3, schedule="constant", patience=1), seeds=(0, 1),
        density_draws=50, evaluations=2,
    )  # fmt: skip
    plan = make_plan(config, data)
    run = execute(plan, Store(tmp_path))
    results = tabulate([run], experiment="e", question="q", profile="p", command="c")
    runs = results.runs
    assert (runs["status"] == "done").all()
    assert (runs["family"] == "rae").all()
    assert set(runs["family_settings"]) == {"penalty=gradient, penalty_weight=0.001, code_variance=1e-06"}
    assert (runs["patience"] == 1).all()
    whole = config.training.epochs(len(data.train))
    assert (runs["epochs"] < whole).all() and (runs["steps"] == 7 * runs["epochs"]).all()
    counted = results.losses[results.losses["split"] == "train"].groupby("run_id")["epoch"].max()
    assert counted.to_dict() == dict(zip(runs["run_id"], runs["epochs"], strict=True))
    # what another family would use decides nothing here
    same = VAEConfig(
        family="rae", latent_dim=2, hidden=(8,), objective=ObjectiveConfig(penalty="gradient", samples=9)
    )
    keys = [
        [cell.train_key for cell in make_plan(StudyConfig(**{**vars(config), "model": m}), data).cells]
        for m in (model, same, VAEConfig(family="rae", latent_dim=2, hidden=(8,)))
    ]
    assert keys[0] == keys[1] != keys[2]


def test_lengths_are_told_apart_and_whether_the_loss_still_falls_is_a_column(tmp_path):
    """Grids that differ at the same α and β are different kinds of models; others keep the family's settings alone."""
    data = load_dataset("digits")
    runs, models = [], {}
    for steps, beta in ((42, 1.0), (140, 1.0), (140, 4.0)):
        config = StudyConfig(
            model=VAEConfig(latent_dim=2, hidden=(8,)), training=TrainConfig(steps=steps), betas=(beta,), seeds=(0,),
            density_draws=50, evaluations=2,
        )  # fmt: skip
        plan = make_plan(config, data)
        runs.append(execute(plan, Store(tmp_path)))
        cell = plan.cells[0].cell
        (one,) = train_cells(data, plan.architecture, config.training, [cell], batching=plan.batching)
        models[plan.cells[0].run_id] = one.model.convergence
    found = tabulate(runs, experiment="e", question="q", profile="p", command="c").runs
    assert found["family_settings"].tolist() == ["steps=42", "steps=140", ""]
    assert (
        found["steps"] == found["family_settings"].str.removeprefix("steps=").replace("", "140").astype(int)
    ).all()
    for row in found.to_dict("records"):
        own = models[row["run_id"]]
        told = (row["still_falling"], row["still_falling_error"])
        assert np.isnan(told).all() if row["epochs"] < 8 else told == (own.fall, own.stderr) and own.fall > 0


@pytest.mark.parametrize("beta", [1.0, 4.0])
def test_likelihoods_are_told_apart_at_whatever_settings(tmp_path, beta):
    data, runs = load_dataset("digits"), []
    for likelihood, own in (("gaussian", 1.0), ("bernoulli", beta)):
        model = VAEConfig(latent_dim=2, hidden=(8,), likelihood=likelihood)
        config = StudyConfig(
            model=model,
            training=TrainConfig(steps=42),
            betas=(own,),
            seeds=(0,),
            density_draws=50,
            evaluations=2,
        )
        runs.append(execute(make_plan(config, data), Store(tmp_path)))
    found = tabulate(runs, experiment="e", question="q", profile="p", command="c").runs
    assert found["family_settings"].tolist() == ["likelihood=gaussian", "likelihood=bernoulli"]


def test_all_training_examples_are_named_by_their_number(tmp_path):
    """In a configuration 0 means all of them; a reader of "n_train=0" would think of none."""
    data, runs = load_dataset("digits"), []
    for n in (0, 100):
        config = StudyConfig(
            model=VAEConfig(latent_dim=2, hidden=(8,)), training=TrainConfig(steps=42), seeds=(0,), n_train=n,
            strategies=(), density_draws=50,
        )  # fmt: skip
        runs.append(execute(make_plan(config, data), Store(tmp_path)))
    found = tabulate(runs, experiment="e", question="q", profile="p", command="c").runs
    assert found["family_settings"].tolist() == [f"n_train={len(data.train)}", "n_train=100"]
