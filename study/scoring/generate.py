"""From a fitted strategy to samples x: requested classes, decoder means or draws, range and units of the data."""

import dataclasses

import jax
import numpy as np
from jaxtyping import Float, Float32, Integer, UInt8

from study.config import Decode
from study.data.base import Dataset
from study.scoring.model import ScoredModel
from study.strategies.base import Fitted
from study.training.model import TrainedModel

ASKED, NOISE = 7, 8  # folded into a draw key: requested classes, noise of x; strategies fold in other numbers


@dataclasses.dataclass(frozen=True)
class SamplingDecoder:
    """A model whose `decode` draws x ~ p(x|z) with one key, instead of returning the mean."""

    model: TrainedModel
    key: jax.Array

    @property
    def conditional(self) -> bool:
        """The same as that of the model."""
        return self.model.conditional

    def encode(
        self, x: Float[np.ndarray, "N D"], labels: Integer[np.ndarray, " N"] | None = None
    ) -> tuple[Float[np.ndarray, "N d"], Float[np.ndarray, "N d"]]:
        """The same as that of the model."""
        return self.model.encode(x, labels)

    def decode(
        self, z: Float[np.ndarray, "n d"], labels: Integer[np.ndarray, " n"] | None = None
    ) -> Float[np.ndarray, "n D"]:
        """x ~ p(x|z)."""
        return self.model.sample(self.key, z, labels=labels)


def decoder(key: jax.Array, model: ScoredModel, decode: Decode) -> ScoredModel | SamplingDecoder:
    """The model itself, or one that decodes to draws of x; all strategies share the noise of a draw key."""
    if decode != "sample":
        return model
    assert isinstance(model, TrainedModel)  # only of these p(x|z) is known
    return SamplingDecoder(model, jax.random.fold_in(key, NOISE))


def generate(
    key: jax.Array, fitted: Fitted, *, model: ScoredModel | SamplingDecoder, data: Dataset, n: int
) -> tuple[Float[np.ndarray, " {n} D"], Integer[np.ndarray, " {n}"] | None]:
    """n samples of a fitted strategy, and the requested classes, or None if none were requested.

    For a conditional model the requested classes are as frequent as in the training data, and the same for all
    strategies. For any other model a conditional strategy chooses the classes itself.
    """
    picks = getattr(fitted, "asked", None)
    if model.conditional:
        asked = asked_labels(key, data, n=n)
        if picks is None:  # labels play no part in its draws
            return model.decode(fitted.sample(key, n=n), asked), asked
        named = np.array(data.class_names)[asked] if getattr(fitted, "class_names", ()) else asked
        return model.decode(fitted.sample(key, n=n, labels=named), asked), asked
    classes = picks(key, n=n) if picks else None
    if classes is not None and classes.dtype.kind == "U":
        classes = data.class_numbers(classes)
    return model.decode(fitted.sample(key, n=n)), classes


def asked_labels(key: jax.Array, data: Dataset, *, n: int) -> Integer[np.ndarray, " {n}"]:
    """Labels of n training examples chosen uniformly, with a key of their own."""
    assert data.train_labels is not None  # a conditional model was trained with labels
    index = jax.random.randint(jax.random.fold_in(key, ASKED), (n,), 0, len(data.train_labels))
    return data.train_labels[np.asarray(index)]


def in_range(x: Float[np.ndarray, "n D"], data: Dataset, decode: Decode = "mean") -> Float[np.ndarray, "n D"]:
    """Pictures clipped to the training range, as in an image file; other data, or "unclipped", unchanged."""
    clips = data.is_image and decode != "unclipped"
    return np.clip(x, data.train.min(), data.train.max()) if clips else x


def to_uint8(x: Float[np.ndarray, "k D"], data: Dataset) -> UInt8[np.ndarray, "k ..."]:
    """Samples as pictures `[k, *shape]`, the training range mapped to 0..255 and clipped to it."""
    low, high = float(data.train.min()), float(data.train.max())
    scaled = np.clip((x - low) / (high - low or 1.0), 0, 1)
    return np.rint(255 * np.nan_to_num(scaled)).astype(np.uint8).reshape(-1, *data.shape)


def in_units(x: Float[np.ndarray, "k D"], data: Dataset) -> Float32[np.ndarray, "k ..."]:
    """Samples as examples `[k, *shape]` in the user's own units, if the scaling can be inverted."""
    back = x if data.inverse is None else data.inverse(x)
    return back.astype(np.float32).reshape(-1, *data.shape)


def traversed(
    model: ScoredModel,
    z: Float[np.ndarray, " d"],
    data: Dataset,
    *,
    dimension: int,
    values: Float[np.ndarray, " m"],
) -> UInt8[np.ndarray, "m ..."]:
    """Pictures `[m, *shape]` of one code with these values in one dimension, each decoded to its mean."""
    codes = np.tile(z, (len(values), 1)).astype(np.float32)
    codes[:, dimension] = values
    return to_uint8(model.decode(codes), data)
