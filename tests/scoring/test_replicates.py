"""Fits and draws as replicates: their keys, and their effect on the rows of one model."""

from collections.abc import Iterable

import jax
import numpy as np
import pytest

from study.config import StudyConfig, TrainConfig, VAEConfig
from study.data import load_dataset
from study.errors import StudyError
from study.metrics.evaluate import Evaluator
from study.metrics.features import ExtractorConfig, train_extractor
from study.scoring.context import Context
from study.scoring.encode import encode_splits
from study.scoring.evaluate import evaluate_model
from study.scoring.fit import replicate_keys
from study.training import train


def numbers(keys: Iterable[jax.Array]) -> np.ndarray:
    return np.array([jax.random.key_data(key) for key in keys])


def test_keys_are_nested_and_the_first_fit_does_not_depend_on_the_number_of_fits():
    keys = jax.random.split(jax.random.key(0))
    one, three = (replicate_keys(*keys, fits=fits, draws=2) for fits in (1, 3))
    np.testing.assert_array_equal(numbers(one[0][1]), numbers(three[0][1]))
    assert (jax.random.key_data(one[0][0]) == jax.random.key_data(three[0][0])).all()
    drawn = np.concatenate([numbers(draws) for _, draws in three])
    assert len(np.unique(drawn, axis=0)) == 6
    assert len(np.unique(numbers([fit for fit, _ in three]), axis=0)) == 3


@pytest.mark.integration
def test_rows_of_every_fit_and_draw():
    data = load_dataset("digits")
    model = train(
        data,
        VAEConfig(latent_dim=2, hidden=(16,)),
        alpha=1.0,
        beta=1.0,
        seed=0,
        training=TrainConfig(steps=20),
    )
    extractor = train_extractor(data, ExtractorConfig(steps=20))
    found = evaluate_model(
        Context(
            jax.random.key(0),
            model,
            encode_splits(model, data),
            data,
            (Evaluator(data, extractor, n=100),),
            draws=2,
        ),
        strategies=("prior", "gmm"),
        fits=2,
        density_draws=100,
    ).metrics
    kid = found[found["metric"] == "kid"].set_index(["strategy", "fit", "draw"])["value"].unstack("strategy")
    assert kid.index.tolist() == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert kid.notna().all(axis=None) and kid["prior"].nunique() == 4
    fitted = found[
        (found["strategy"] == "gmm") & (found["draw"] == 0) & (found["evaluation"] == 0)
    ].set_index("metric")["value"]
    assert set(fitted["components"]) <= {1, 3, 10, 30, 100} and len(fitted["log_density"]) == 2
    assert "components" not in set(found.loc[found["strategy"] == "prior", "metric"])
    assert (found[found["metric"] == "seconds_fit"].groupby("strategy")["fit"].nunique() == 2).all()


def test_fits_must_be_positive():
    with pytest.raises(StudyError, match="fits: must be positive, got 0"):
        StudyConfig(fits=0)
