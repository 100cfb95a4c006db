"""Density and quality of single draws agree with the measurements over all of them."""

import jax
import numpy as np
import pytest

from study import AggregatePosterior, TrainConfig, VAEConfig, load_dataset, train
from study.metrics.evaluate import Evaluator
from study.metrics.features import pixel_extractor
from study.scoring.encode import encode_splits
from study.scoring.generate import in_range
from study.scoring.quality import quality_along_density
from study.strategies import strategy


@pytest.fixture(scope="module")
def found():
    data = load_dataset("digits")
    model = train(data, VAEConfig(latent_dim=2, hidden=(32,)), training=TrainConfig(steps=300), alpha=10.0)
    encoded, evaluator = encode_splits(model, data), Evaluator(data, pixel_extractor(data))
    draws = quality_along_density(
        jax.random.key(0),
        model=model,
        decode=lambda z, labels: in_range(model.decode(z), data),
        train=encoded.train,
        held_out=encoded.held_out,
        evaluator=evaluator,
    )
    return data, model, encoded, evaluator, draws


@pytest.mark.integration
def test_the_share_inside_is_precision(found):
    data, model, encoded, evaluator, _ = found
    x = in_range(model.decode(encoded.held_out.sample(jax.random.key(1))), data)[: evaluator.n]
    precision = next(m.value for m in evaluator.measure(x) if m.metric == "precision")
    assert 0 < precision < 1
    assert evaluator.inside(x).mean() == pytest.approx(precision, abs=1e-12)


def test_densities_are_those_of_the_strategies_draws(found):
    data, model, encoded, evaluator, draws = found
    assert {name: a.shape for name, a in draws.items()} == {
        "prior": (1000, 2),
        "posterior": (1000, 2),
        "reconstruction": (len(data.held_out), 2),
    }
    fit_key, draw_key, _ = jax.random.split(jax.random.key(0), 3)
    z = strategy("posterior").fit(fit_key, encoded.train).sample(draw_key, n=1000)
    np.testing.assert_allclose(
        draws["posterior"][:, 0], AggregatePosterior(encoded.train).log_prob(z), rtol=1e-5
    )
    x = in_range(model.decode(z), data)
    np.testing.assert_array_equal(draws["posterior"][:, 1] > 0, evaluator.inside(x))
    assert draws["prior"][:, 0].mean() < draws["posterior"][:, 0].mean()
