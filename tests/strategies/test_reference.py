"""Reference rows on a small data set and a linear model."""

import dataclasses

import jax
import numpy as np
import pytest
from scipy import stats

from study.data.base import Dataset
from study.errors import CannotFit, StudyError
from study.strategies import REFERENCES
from study.strategies.parts.draws import shared_draws

KEY = jax.random.key(40)


@dataclasses.dataclass(frozen=True)
class Linear:
    """Two latents that are the first two values, variance 0.25; decoded as (z, z_0 + z_1)."""

    def encode(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return x[:, :2], np.full((len(x), 2), np.log(0.25), np.float32)

    def decode(self, z: np.ndarray) -> np.ndarray:
        return np.concatenate([z, z.sum(axis=1, keepdims=True)], axis=1)


@pytest.fixture(scope="module")
def data() -> Dataset:
    rng = np.random.default_rng(0)
    train, validation, test = (rng.uniform(-1, 3, (n, 3)).astype(np.float32) for n in (100, 20, 61))
    return Dataset("box", train, validation, test, shape=(3,))


@pytest.mark.parametrize("name", REFERENCES)
def test_conforms(name: str, data: Dataset) -> None:
    reference = REFERENCES[name]
    assert reference.name == name
    assert reference.summary
    assert reference.source
    x = reference(KEY, data=data, model=Linear(), n=30)
    assert x.shape == (30, 3)
    assert x.dtype == np.float32
    np.testing.assert_array_equal(x, reference(KEY, data=data, model=Linear(), n=30))
    other = reference(jax.random.key(41), data=data, model=Linear(), n=30)
    assert np.array_equal(x, other) == (name == "held-out")
    assert reference(KEY, data=data, model=Linear(), n=7).shape == (7, 3)


def test_held_out_is_the_half_that_is_not_the_reference(data: Dataset) -> None:
    x = REFERENCES["held-out"](KEY, data=data, model=None, n=30)
    np.testing.assert_array_equal(x, data.test[30:60])


def test_reconstruction_goes_through_encoder_and_decoder(data: Dataset) -> None:
    """z = mean + ½ ε with the shared ε, and the third value is the sum of the first two."""
    x = REFERENCES["reconstruction"](KEY, data=data, model=Linear(), n=30)
    _, epsilon = shared_draws(KEY, n=30, d=2, components=1)
    np.testing.assert_allclose(x[:, :2], data.test[30:60, :2] + 0.5 * epsilon, atol=1e-6)
    np.testing.assert_allclose(x[:, 2], x[:, 0] + x[:, 1], atol=1e-6)


def test_copycat_draws_uniformly_from_train(data: Dataset) -> None:
    x = REFERENCES["copycat"](KEY, data=data, model=None, n=20_000)
    rows = {row.tobytes(): k for k, row in enumerate(data.train)}
    counts = np.bincount([rows[row.tobytes()] for row in x], minlength=100)
    assert stats.chisquare(counts).pvalue > 1e-5


def test_noise_is_uniform_over_the_training_range(data: Dataset) -> None:
    x = REFERENCES["noise"](KEY, data=data, model=None, n=20_000).astype(np.float64)
    low, high = float(data.train.min()), float(data.train.max())
    assert stats.kstest(x.ravel(), stats.uniform(low, high - low).cdf).pvalue > 1e-5
    assert np.abs(np.corrcoef(x.T) - np.eye(3)).max() < 5 / np.sqrt(20_000)


@pytest.mark.parametrize("name", ["held-out", "reconstruction"])
def test_too_few_held_out(name: str, data: Dataset) -> None:
    with pytest.raises(CannotFit, match="dataset 'box': 31 held-out examples requested, but it has 30"):
        REFERENCES[name](KEY, data=data, model=Linear(), n=31)


def test_reconstruction_needs_a_model(data: Dataset) -> None:
    with pytest.raises(StudyError, match="reference 'reconstruction': needs a model"):
        REFERENCES["reconstruction"](KEY, data=data, model=None, n=5)
