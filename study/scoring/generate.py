"""From a fitted strategy to samples x: classes asked for, decoder means or draws, range and units of the data."""

import dataclasses

import jax
import numpy as np

from study.config import Decode
from study.data.base import Dataset
from study.strategies.base import Fitted
from study.training.model import TrainedModel

ASKED, NOISE = 7, 8  # folded into a draw key for classes asked for, and noise of x; strategies fold in others


@dataclasses.dataclass(frozen=True)
class SamplingDecoder:
    """A model whose `decode` draws x ~ p(x|z) with one key, in place of the mean."""

    model: TrainedModel
    key: jax.Array

    @property
    def conditional(self) -> bool:
        """As of the model."""
        return self.model.conditional

    def encode(self, x: np.ndarray, labels: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """As of the model."""
        return self.model.encode(x, labels)

    def decode(self, z: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """x ~ p(x|z): `[n, d]` -> `[n, D]`."""
        return self.model.sample(self.key, z, labels=labels)


def decoder(key: jax.Array, model: TrainedModel, decode: Decode) -> TrainedModel | SamplingDecoder:
    """The model as it is, or with draws of x for means; the noise of a draw key is the same for all strategies."""
    return SamplingDecoder(model, jax.random.fold_in(key, NOISE)) if decode == "sample" else model


def generate(
    key: jax.Array, fitted: Fitted, *, model: TrainedModel | SamplingDecoder, data: Dataset, n: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """n samples `[n, D]` of a fitted strategy, and the classes `[n]` that were asked for, None where none were.

    A conditional model is asked for classes as frequent as in the training data, the same ones for all strategies.
    A model that is not decodes z of whatever class a conditional strategy picks.
    """
    if model.conditional:
        asked = asked_labels(key, data, n=n)
        return model.decode(fitted.sample(key, n=n, labels=asked), asked), asked
    picks = getattr(fitted, "asked", None)
    return model.decode(fitted.sample(key, n=n)), picks(key, n=n) if picks else None


def asked_labels(key: jax.Array, data: Dataset, *, n: int) -> np.ndarray:
    """Labels `[n]` of training examples, picked uniformly by a generator of their own."""
    assert data.train_labels is not None  # no conditional model is trained without
    index = jax.random.randint(jax.random.fold_in(key, ASKED), (n,), 0, len(data.train_labels))
    return data.train_labels[np.asarray(index)]


def in_range(x: np.ndarray, data: Dataset, decode: Decode = "mean") -> np.ndarray:
    """Pictures `[n, D]` clipped to the training range, as any file format would, unless told not to; others as is."""
    clips = data.is_image and decode != "unclipped"
    return np.clip(x, data.train.min(), data.train.max()) if clips else x


def to_uint8(x: np.ndarray, data: Dataset) -> np.ndarray:
    """Samples `[k, D]` as pictures `[k, *shape]`, the training range mapped to 0..255 and clipped to it."""
    low, high = float(data.train.min()), float(data.train.max())
    scaled = np.clip((x - low) / (high - low or 1.0), 0, 1)
    return np.rint(255 * np.nan_to_num(scaled)).astype(np.uint8).reshape(-1, *data.shape)


def in_units(x: np.ndarray, data: Dataset) -> np.ndarray:
    """Samples `[k, D]` as examples `[k, *shape]` float32 in the user's own units, where there is a way back to them."""
    back = x if data.inverse is None else data.inverse(x)
    return back.astype(np.float32).reshape(-1, *data.shape)
