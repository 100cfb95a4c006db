"""The configuration of a run: a grid of cells, and what is measured on each."""

import dataclasses
from typing import Any, Literal

from study.config.data import DataConfig
from study.config.fields import MOST, WEIGHT, WIDTH, Limits, check, single
from study.config.likelihood import LikelihoodConfig
from study.config.model import VAEConfig
from study.config.serialise import ADDED
from study.config.training import TrainConfig
from study.errors import StudyError
from study.runtime.brief import Changes
from study.runtime.checks import shown

Decode = Literal["mean", "sample", "unclipped"]  # how a sample x is made from z

MOST_SEEDS = 10_000  # in one grid
MOST_CELLS = 100_000  # in one grid

GRID_LIMITS = {
    "alphas": WEIGHT,
    "betas": WEIGHT,
    "seeds": Limits(0, MOST, "must lie in 0 .. 2**31 - 1", items=MOST_SEEDS),
    "n_train": Limits(0, MOST, "must be 0 (all training examples) or more"),
    "n_samples": Limits(0, MOST, "must be 0 (all of the reference set) or more"),
    "fits": Limits(1, 10_000, "must be positive"),
    "draws": Limits(1, 10_000, "must be positive"),
    "evaluations": Limits(1, 100, "must lie in 1 .. 100"),
    "density_draws": Limits(1, 10_000_000, "must be positive"),
    "feature_dimensions": WIDTH,
}


@dataclasses.dataclass(frozen=True, repr=False)
class StudyConfig(Changes):
    """One run of an experiment: the grid of cells, and what is measured on each.

    Attributes:
        dataset: a name or a path.
        data: how the user's own data are read, see `DataConfig`.
        model, training: see `VAEConfig` and `TrainConfig`.
        alphas, betas, seeds: the grid; a cell is one value of each.
        strategies: names of strategies and reference rows, in table order; if empty, only the latents are measured.
        n_train: train on so many examples, chosen at random, and validate on as large a share of the validation data
            (`study.data.smaller`); 0 means all. Features and test data stay those of the whole data set.
        n_samples: samples per strategy and draw; 0 means as many as the reference set has.
        fits: independent fits per strategy and model.
        draws: independent draws per fit.
        evaluations: feature extractors, each with its own random halves of test, under which samples are scored; with
            1, intervals do not cover the luck of the extractor and of the half.
        density_draws: draws of z at which the density of q(z) is evaluated, per model.
        decode: how a sample is made from z: the decoder's "mean" or a "sample" x ~ p(x|z), both clipped to the range
            of the data if these are images, or the mean "unclipped".
        feature_dimensions: dimensions of the fixed feature extractor.
        features: path of an ONNX network that computes the features instead; empty for the built-in extractor.
        likelihood: settings of the bounds on log p(x) of held-out data.
    """

    dataset: str = "digits"
    data: DataConfig = dataclasses.field(default=DataConfig(), metadata={ADDED: DataConfig()})
    model: VAEConfig = dataclasses.field(default_factory=VAEConfig)
    training: TrainConfig = dataclasses.field(default_factory=TrainConfig)
    alphas: tuple[float, ...] = (1.0,)
    betas: tuple[float, ...] = (1.0,)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    strategies: tuple[str, ...] = ()
    n_train: int = dataclasses.field(default=0, metadata={ADDED: 0})
    n_samples: int = 0
    fits: int = 1
    draws: int = 1
    evaluations: int = 8
    density_draws: int = 2000
    decode: Decode = "mean"
    feature_dimensions: int = 32
    features: str = ""
    likelihood: LikelihoodConfig = dataclasses.field(default_factory=LikelihoodConfig)

    def __post_init__(self) -> None:
        check(self, GRID_LIMITS)
        if not self.dataset.strip():
            raise StudyError("dataset: is empty; give a name or a path")
        for name in ("alphas", "betas", "seeds"):
            _check_axis(name, getattr(self, name))
        _check_different("strategies", self.strategies, self.strategies)
        if max(self.alphas) == 0:
            raise StudyError("alphas: all are 0, so nothing would be reconstructed; give one above 0")
        cells = len(self.alphas) * len(self.betas) * len(self.seeds)
        if cells > MOST_CELLS:
            raise StudyError(
                f"alphas × betas × seeds: {cells:,} cells, at most {MOST_CELLS:,} make a grid; give fewer values"
            )


def _check_axis(name: str, values: tuple[float, ...]) -> None:
    """Check that there is a value, and that all values differ in single precision."""
    if not values:
        raise StudyError(f"{name}: give at least one value, got none")
    _check_different(name, values, values if name == "seeds" else tuple(single(value) for value in values))


def _check_different(name: str, values: tuple[Any, ...], told_apart_by: tuple[Any, ...]) -> None:
    first: dict[Any, Any] = {}
    for value, mark in zip(values, told_apart_by, strict=True):
        if mark in first:
            same = "" if value == first[mark] else f" (in single precision {first[mark]!r} is the same)"
            raise StudyError(f"{name}: give each value only once, got {shown(value)} again{same}")
        first[mark] = value
