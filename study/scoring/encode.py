"""The posteriors of every part of a data set under one model."""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from study.data.base import Dataset
from study.latents import Latents
from study.scoring.model import ScoredModel
from study.strategies.base import with_labels


@dataclasses.dataclass(frozen=True, eq=False)
class Encoded:
    """The posteriors of each part of a data set; `held_out` are those of `Dataset.held_out`."""

    train: Latents
    validation: Latents
    held_out: Latents


def encode_splits(model: ScoredModel, data: Dataset) -> Encoded:
    """Encode every part of a data set that strategies or measurements may use.

    Raises:
        StudyError: the encoder returns values that are not finite.
    """
    parts = ("train", "validation", "held_out")
    return Encoded(
        **{part: encode(model, getattr(data, part), labels=getattr(data, f"{part}_labels")) for part in parts}
    )


def encode(
    model: Any, x: Float[np.ndarray, "N D"], *, labels: Integer[np.ndarray, " N"] | None = None
) -> Latents:
    """The posteriors of x under a model, with labels if given.

    Raises:
        StudyError: x does not fit the model, labels that the model needs are missing, or the encoder returns values
            that are not finite.
    """
    mean, log_var = model.encode(x, *with_labels(model, labels))
    return Latents(mean, log_var, labels)
