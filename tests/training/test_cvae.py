"""The conditional VAE: labels determine the class of samples, and label accuracy measures it."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from study import Dataset, TrainConfig, VAEConfig, load_dataset, load_model, save_model, strategy, train
from study.metrics.evaluate import Evaluator
from study.scoring.context import Context
from study.scoring.encode import encode_splits
from study.scoring.evaluate import evaluate_model
from study.scoring.generate import asked_labels, generate
from study.training.model import TrainedModel

pytestmark = pytest.mark.integration

KEY = jax.random.key(0)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture(scope="module")
def model(digits: Dataset) -> TrainedModel:
    return train(
        digits,
        VAEConfig(family="cvae", latent_dim=4, hidden=(64,)),
        alpha=10.0,
        training=TrainConfig(steps=1500, learning_rate=3e-3),
    )


@pytest.fixture(scope="module")
def evaluator(digits: Dataset, extractor_of: Callable[..., Any]) -> Evaluator:
    return Evaluator(digits, extractor_of(digits))


def test_it_trains_and_comes_back_from_disk(digits, model, tmp_path):
    objective = model.losses @ [10.0, 1.0]
    assert (objective[-1] < 0.6 * objective[0]).all()
    save_model(model, tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    z, y = np.zeros((10, 4), np.float32), np.arange(10)
    np.testing.assert_array_equal(again.decode(z, y), model.decode(z, y))
    assert again.architecture == model.architecture and again.conditional


def test_asked_labels_are_those_of_the_data(digits):
    asked = asked_labels(KEY, digits, n=20_000)
    share = np.bincount(digits.train_labels) / len(digits.train_labels)
    found = np.bincount(asked) / 20_000
    assert (np.abs(found - share) < 5 * np.sqrt(share * (1 - share) / 20_000)).all()
    np.testing.assert_array_equal(asked, asked_labels(KEY, digits, n=20_000))


@pytest.mark.parametrize("name", ["prior", "class-posterior"])
def test_what_is_asked_for_comes(digits, model, evaluator, name):
    """Accuracy for the requested labels, and for other labels, which only chance would match."""
    codes = encode_splits(model, digits)
    fitted = strategy(name).fit(KEY, codes.train)
    x, asked = generate(KEY, fitted, model=model, data=digits, n=evaluator.n)
    assert asked is not None
    scores = {m.metric: m.value for m in evaluator.measure(x, asked)}
    assert scores["label_accuracy"] > 0.9
    moved = {m.metric: m.value for m in evaluator.measure(x, (asked + 1) % 10)}
    assert moved["label_accuracy"] < 0.1
    assert "label_accuracy" not in {m.metric for m in evaluator.measure(x)}


def test_class_posterior_says_what_it_picks(digits, evaluator):
    """For a plain model, accuracy refers to the classes of the codes it draws from, which their real examples have."""
    plain = train(
        digits,
        VAEConfig(latent_dim=4, hidden=(64,)),
        alpha=10.0,
        training=TrainConfig(steps=1500, learning_rate=3e-3),
    )
    fitted = strategy("class-posterior").fit(KEY, encode_splits(plain, digits).train)
    x, asked = generate(KEY, fitted, model=plain, data=digits, n=evaluator.n)
    assert asked is not None and np.ptp(np.bincount(asked, minlength=10)) <= 1
    np.testing.assert_array_equal(x, plain.decode(fitted.sample(KEY, n=evaluator.n)))
    assert {m.metric: m.value for m in evaluator.measure(x, asked)}["label_accuracy"] > 0.7
    assert (
        generate(
            KEY, strategy("prior").fit(KEY, encode_splits(plain, digits).train), model=plain, data=digits, n=6
        )[1]
        is None
    )


def test_rows_of_a_conditional_model(digits, model, evaluator):
    found = evaluate_model(
        Context(KEY, model, encode_splits(model, digits), digits, (evaluator,)),
        strategies=("prior", "class-posterior", "held-out", "reconstruction", "copycat"),
        fits=1,
        density_draws=500,
    ).metrics.set_index(["strategy", "metric"])["value"]
    accuracy = found.xs("label_accuracy", level="metric")
    assert set(accuracy.index) == {"prior", "class-posterior", "held-out", "reconstruction"}
    assert accuracy["held-out"] > 0.9
    # both mixtures at once: I(y; z) is what KL over classes has beyond KL(q(z)‖p(z))
    own = found["model"]
    assert own["class_kl_lower"] < own["class_kl_upper"] and 0 <= own["label_information"] < np.log(10)
    middle = (
        own["class_kl_lower"] + own["class_kl_upper"] - own["kl_aggregate_lower"] - own["kl_aggregate_upper"]
    ) / 2
    width = (
        own["class_kl_upper"] - own["class_kl_lower"] + own["kl_aggregate_upper"] - own["kl_aggregate_lower"]
    )
    assert abs(middle - own["label_information"]) < width
