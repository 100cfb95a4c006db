"""What a trained model is measured with, and what measuring gives: plain rows and arrays."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
import pandas as pd

from study.config import Decode
from study.data.base import Dataset
from study.metrics.evaluate import Evaluator
from study.scoring.encode import Encoded
from study.training.model import TrainedModel

DRAWS = "draws"  # where single draws are kept among the arrays


@dataclasses.dataclass(frozen=True, eq=False)
class Context:
    """One trained model and all that it is measured with.

    Attributes:
        key: decides every draw; strategies share the draws of each fit, so that differences on one model are paired.
        model: the model.
        encoded: its codes; None where it has no encoder, and then nothing is measured of its latents.
        data: what it is measured on.
        evaluator: scores samples; None where only latents are measured.
        draws: per fit.
        decode: what a sample is.
    """

    key: jax.Array
    model: TrainedModel
    encoded: Encoded | None
    data: Dataset
    evaluator: Evaluator | None
    draws: int = 1
    decode: Decode = "mean"


@dataclasses.dataclass(frozen=True, eq=False)
class Measured:
    """A part of what one model scored: metric rows and latent rows without `run_id`, and arrays by name.

    Arrays are pictures for the report, and under `draws/<source>` what `quality_along_density` gives. `failure` says
    what went wrong that should not have. A part that is not `final`, a failure or what could not be fitted, is to be
    tried again and never stored as done.
    """

    rows: Sequence[dict[str, Any]] = ()
    latents: pd.DataFrame = dataclasses.field(default_factory=pd.DataFrame)
    arrays: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    failure: str = ""
    final: bool = True


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything that one model scored, with the same parts as `Measured`."""

    metrics: pd.DataFrame
    latents: pd.DataFrame
    arrays: Mapping[str, np.ndarray]
    failure: str = ""

    @classmethod
    def of(cls, parts: Sequence[Measured]) -> "Evaluation":
        """The parts together, in their order."""
        arrays: dict[str, np.ndarray] = {}
        for part in parts:
            arrays = {**part.arrays, **arrays}  # pictures are those of the first fit
        latents = [part.latents for part in parts if len(part.latents)]
        return cls(
            pd.DataFrame([row for part in parts for row in part.rows]),
            latents[0] if latents else pd.DataFrame(),
            arrays,
            next((part.failure for part in parts if part.failure), ""),
        )
