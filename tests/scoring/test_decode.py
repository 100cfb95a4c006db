"""Draws of x instead of the decoder's mean: their noise, which samples share it, and which samples are scored."""

import dataclasses

import jax
import numpy as np
import pytest

from study import Dataset, StudyConfig, StudyError, TrainConfig, VAEConfig, load_dataset, strategy, train
from study.metrics.evaluate import Evaluator
from study.metrics.features import pixel_extractor
from study.pipeline.plan import make_plan
from study.scoring.context import Context
from study.scoring.encode import encode_splits
from study.scoring.evaluate import evaluate_model
from study.scoring.fit import replicate_keys
from study.scoring.generate import decoder, generate
from study.training.model import TrainedModel

KEY = jax.random.key(3)


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset("digits")


@pytest.fixture(scope="module")
def model(digits: Dataset) -> TrainedModel:
    """s = β/(2α) = 0.05."""
    return train(digits, VAEConfig(latent_dim=2, hidden=(16,)), alpha=10.0, training=TrainConfig(steps=100))


@pytest.mark.integration
def test_the_noise_is_that_of_the_decoder_and_shared(digits, model):
    """The variance of the noise is within five standard errors of s; strategies share the noise, keys do not."""
    codes = encode_splits(model, digits).train
    prior, posterior = (strategy(name).fit(KEY, codes) for name in ("prior", "posterior"))
    noise = []
    for fitted in (prior, posterior):
        drawn, _ = generate(KEY, fitted, model=decoder(KEY, model, "sample"), data=digits, n=400)
        mean, _ = generate(KEY, fitted, model=decoder(KEY, model, "mean"), data=digits, n=400)
        noise.append(drawn - mean)
    assert abs(noise[0].var() / 0.05 - 1) < 5 * np.sqrt(2 / noise[0].size)
    np.testing.assert_allclose(noise[0], noise[1], atol=1e-6)
    other = decoder(jax.random.key(4), model, "sample").decode(np.zeros((400, 2), np.float32))
    assert abs(np.corrcoef(other.ravel(), noise[0].ravel())[0, 1]) < 0.05


@pytest.mark.integration
def test_bernoulli_draws_are_zero_or_one(digits):
    model = train(
        digits, VAEConfig(latent_dim=2, hidden=(16,), likelihood="bernoulli"), training=TrainConfig(steps=100)
    )
    z = np.zeros((4000, 2), np.float32)
    x = decoder(KEY, model, "sample").decode(z)
    assert set(np.unique(x)) == {0.0, 1.0}
    p = model.decode(z[:1])[0]
    assert (np.abs(x.mean(0) - p) < 5 * np.sqrt(p * (1 - p) / 4000) + 1e-3).all()


@pytest.mark.integration
def test_what_is_scored_is_drawn(digits, model):
    """Noise raises the sharpness of strategies and reconstructions alike; held-out data are unchanged."""
    codes, evaluator = encode_splits(model, digits), Evaluator(digits, pixel_extractor(digits))
    tables = [
        evaluate_model(
            Context(KEY, model, codes, digits, (evaluator,), decode=decode),
            strategies=("prior", "reconstruction", "held-out"), fits=1, density_draws=100,
        ).metrics.set_index(["metric", "strategy"])["value"]["sharpness"]
        for decode in ("mean", "sample")
    ]  # fmt: skip
    for name in ("prior", "reconstruction"):
        assert tables[1][name] > tables[0][name] + 0.1
    assert tables[1]["held-out"] == tables[0]["held-out"]


def test_unclipped_means_are_scored_as_they_are(digits, model):
    """Unclipped scoring keeps decoded values outside the range of the data; real data are within it anyway."""
    codes, evaluator = encode_splits(model, digits), Evaluator(digits, pixel_extractor(digits))
    names = ("posterior", "reconstruction", "held-out")
    clipped, unclipped = (
        evaluate_model(
            Context(KEY, model, codes, digits, (evaluator,), decode=decode),
            strategies=names, fits=1, density_draws=100,
        ).metrics.set_index(["metric", "strategy"])["value"]
        for decode in ("mean", "unclipped")
    )  # fmt: skip
    draw_key = replicate_keys(*jax.random.split(KEY, 5)[2:4], fits=1, draws=1)[0][1][0]
    fitted = strategy("posterior").fit(KEY, codes.train)
    x, _ = generate(draw_key, fitted, model=model, data=digits, n=evaluator.n)
    assert (x < digits.train.min()).mean() > 0.1
    for made, found in ((x, unclipped), (np.clip(x, digits.train.min(), digits.train.max()), clipped)):
        for measurement in evaluator.measure(made):
            if measurement.metric in ("kid", "fd", "sharpness"):
                assert found[measurement.metric, "posterior"] == pytest.approx(measurement.value, rel=1e-5)
    assert clipped["kid", "reconstruction"] != unclipped["kid", "reconstruction"]
    assert clipped["kid", "held-out"] == unclipped["kid", "held-out"]


@pytest.mark.usefixtures("unchecked")
def test_it_decides_a_key_only_where_it_is_on(digits):
    plain = StudyConfig(strategies=("prior",))
    keys = [
        make_plan(dataclasses.replace(plain, decode=decode), digits).cells[0] for decode in ("mean", "sample")
    ]
    assert keys[0].encode_key == keys[1].encode_key and keys[0].evaluate_key != keys[1].evaluate_key
    with pytest.raises(StudyError, match="decode: expected one of mean, sample, unclipped, got 'mode'"):
        StudyConfig(decode="mode")
