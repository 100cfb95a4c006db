"""Training: one model by `train`, a whole grid by the engine, and checkpoints."""

import dataclasses
import warnings
from pathlib import Path
from typing import Any

from study.config import TrainConfig, VAEConfig
from study.config.fields import WEIGHT, check
from study.config.grid import GRID_LIMITS
from study.data.base import Dataset
from study.data.labels import telling
from study.data.large import LargeDataset
from study.errors import StudyError
from study.runtime.checks import shown
from study.runtime.progress import heard, stage
from study.training.architecture import Architecture
from study.training.checkpoint import load as load_model
from study.training.checkpoint import save as save_model
from study.training.engine import Batching, Cell, default_batching, train_cells
from study.training.model import TrainedModel
from study.training.streaming import train_streamed

__all__ = [
    "Architecture",
    "Batching",
    "Cell",
    "TrainedModel",
    "default_batching",
    "load_model",
    "save_model",
    "train",
    "train_cells",
]


@dataclasses.dataclass(frozen=True)
class _Weights:
    """The weights and the seed of one cell, with the same limits as the flags of a grid."""

    alpha: float
    beta: float
    seed: int

    def __post_init__(self) -> None:
        check(self, {"alpha": WEIGHT, "beta": WEIGHT, "seed": GRID_LIMITS["seeds"]})
        if self.alpha == 0:
            raise StudyError("alpha: is 0, so nothing would be reconstructed; give one above 0")


def train(
    data: Dataset | LargeDataset,
    config: VAEConfig | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    seed: int = 0,
    training: TrainConfig | None = None,
    resume: str | Path | None = None,
    progress: bool | None = None,
) -> TrainedModel:
    """Train one model on `data.train` with loss α·D + β·R, by the same program as in a grid.

    Data from `study.open_dataset` are streamed from disk, which gives the model that they give in memory. Up to last
    bits, but for two bounds: at most 10,000 rows decide when to stop early, and what a family takes from the training
    data as a whole (`study.training.streaming`).

    Warns if the validation loss still falls at the end; `model.convergence` has the numbers.

    Args:
        data: a data set, in memory or on disk.
        config: of the model.
        alpha, beta: the weights.
        seed: of initial parameters, batches and noise.
        training: steps, batch size and so on.
        resume: for data on disk, a file that keeps the state of the training, about once a minute: if the process ends,
            the same call goes on from there, and gives the same model. Other data and settings are refused.
        progress: whether to say that it is going on; by default at a terminal and in a notebook.

    Raises:
        StudyError: a weight or the seed is out of range, an argument has the wrong type, the family, network or
            likelihood does not fit the data, the training diverged, or `resume` is the file of another training.
    """
    config, training = (
        VAEConfig() if config is None else config,
        TrainConfig() if training is None else training,
    )
    _check_kinds(data, config, training)
    weights = _Weights(alpha, beta, seed)
    architecture = Architecture.of(config, data)
    cell = Cell(weights.alpha, weights.beta, weights.seed, training.learning_rate)
    if resume is not None and not isinstance(data, LargeDataset):
        raise StudyError(
            "train: resume has no effect on data in memory; leave it out, or use study.open_dataset"
        )
    told = f"train: {config.family}, {config.network}, on {len(data.train):,} examples of {data.name}"
    with heard(progress), stage(told):
        if isinstance(data, LargeDataset):
            model = train_streamed(data, architecture, training, cell, resume=_file(resume))
        else:
            ((_, model, _, _),) = train_cells(data, architecture, training, [cell])
    if not model.finite:
        raise StudyError(
            f"training with alpha={alpha:g}, beta={beta:g}, learning_rate={training.learning_rate:g} diverged; "
            "lower the learning rate"
        )
    _warn_if_falling(model)
    return dataclasses.replace(model, class_names=telling(data.class_names))


def _check_kinds(data: Any, config: Any, training: Any) -> None:
    for name, value, kind, made in (
        ("data", data, Dataset | LargeDataset, "study.load_dataset(...) or study.open_dataset(...)"),
        ("config", config, VAEConfig, "study.VAEConfig(...)"),
        ("training", training, TrainConfig, "study.TrainConfig(...)"),
    ):
        if not isinstance(value, kind):
            raise StudyError(f"train: {name} must be {made}, got {shown(value)}")


def _file(path: str | Path | None) -> Path | None:
    if path is not None and (not isinstance(path, str | Path) or not str(path)):
        raise StudyError(f"train: resume must be the path of a file, got {shown(path)}")
    return None if path is None else Path(path)


def _warn_if_falling(model: TrainedModel) -> None:
    """One line if the validation loss still fell at the end: a shorter training is not a finding about the model."""
    if not model.encodes:
        return
    found = model.convergence
    if found.still_falling:
        warnings.warn(
            f"train: the validation loss still falls, by {found.fall:.3g} ± {found.stderr:.1g} nats over the last "
            f"tenth of training ({found.fall / abs(found.loss):.1%} of it); train for more steps",
            stacklevel=3,
        )
