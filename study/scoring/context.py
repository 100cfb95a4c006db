"""The inputs for measuring a trained model, and the results: plain rows and arrays."""

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
from study.scoring.model import ScoredModel

DRAWS = "draws"  # prefix of the names of arrays that hold single draws


@dataclasses.dataclass(frozen=True, eq=False)
class Context:
    """One model and everything needed to measure it.

    Attributes:
        key: decides every draw; strategies share the draws of each fit, so that differences on one model are paired.
        model: the model.
        encoded: its codes; None if it has no encoder, and then its latents are not measured.
        data: the data set to measure it on.
        evaluators: score samples, see `evaluators`; empty if only latents are measured.
        draws: sets of samples per fit.
        decode: whether a sample is the decoder's mean or drawn from p(x|z).
    """

    key: jax.Array
    model: ScoredModel
    encoded: Encoded | None
    data: Dataset
    evaluators: tuple[Evaluator, ...]
    draws: int = 1
    decode: Decode = "mean"

    @property
    def evaluator(self) -> Evaluator | None:
        """The first one; None if only latents are measured."""
        return self.evaluators[0] if self.evaluators else None


@dataclasses.dataclass(frozen=True, eq=False)
class Measured:
    """One part of a model's results: metric rows and latent rows without `run_id`, and arrays by name.

    Arrays are pictures for the report, and under `draws/<source>` the output of `quality_along_density`. `failure`
    describes an unexpected error. A part that is not `final` (it failed, or its strategy could not be fitted) is tried
    again in the next run and never stored as done.
    """

    rows: Sequence[dict[str, Any]] = ()
    latents: pd.DataFrame = dataclasses.field(default_factory=pd.DataFrame)
    arrays: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    failure: str = ""
    final: bool = True


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """All results of one model; the fields mean the same as those of `Measured`."""

    metrics: pd.DataFrame
    latents: pd.DataFrame
    arrays: Mapping[str, np.ndarray]
    failure: str = ""

    @classmethod
    def of(cls, parts: Sequence[Measured]) -> "Evaluation":
        """Join the parts, in their order."""
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
