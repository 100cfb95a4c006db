"""The posteriors of every part of a data set under one model."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from study.data.base import Dataset
from study.data.labels import are_names, class_numbers
from study.latents import Latents
from study.runtime.brief import Brief
from study.scoring.model import ScoredModel
from study.strategies.base import with_labels


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Encoded(Brief):
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
    model: Any, x: Float[np.ndarray, "N D"], *, labels: Shaped[np.ndarray, " N"] | Sequence[str] | None = None
) -> Latents:
    """The posteriors of x under a model, with labels if given: numbers as in `Dataset.train_labels`, or names.

    If the model knows names of classes, so do the posteriors, and strategies are asked for classes by name.

    Raises:
        StudyError: x does not fit the model, labels that the model needs are missing, or the encoder returns values
            that are not finite.
    """
    names = getattr(model, "class_names", ()) if labels is not None else ()
    known = None if labels is None else np.asarray(labels)
    if known is not None and names and are_names(known):
        known = class_numbers(known, names, what="encode: labels")
    mean, log_var = model.encode(x, *with_labels(model, known))
    return Latents(mean, log_var, known, names)
