"""Training: one model by `train`, a whole grid by the engine, and checkpoints."""

import dataclasses
import warnings

from study.config import TrainConfig, VAEConfig
from study.config.fields import WEIGHT, check
from study.config.grid import GRID_LIMITS
from study.data.base import Dataset
from study.data.labels import telling
from study.errors import StudyError
from study.runtime.checks import shown
from study.runtime.progress import heard, stage
from study.training.architecture import Architecture
from study.training.checkpoint import load as load_model
from study.training.checkpoint import save as save_model
from study.training.engine import Batching, Cell, default_batching, train_cells
from study.training.model import TrainedModel

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
    data: Dataset,
    config: VAEConfig | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    seed: int = 0,
    training: TrainConfig | None = None,
    progress: bool | None = None,
) -> TrainedModel:
    """Train one model on `data.train` with loss α·D + β·R, by the same program as in a grid.

    Warns if the validation loss still falls at the end; `model.convergence` has the numbers. `progress` says that it is
    going on, by default at a terminal and in a notebook.

    Raises:
        StudyError: a weight or the seed is out of range, an argument has the wrong type, the family, network or
            likelihood does not fit the data, or the training diverged.
    """
    config, training = (
        VAEConfig() if config is None else config,
        TrainConfig() if training is None else training,
    )
    for name, value, kind, made in (
        ("data", data, Dataset, "study.load_dataset(...)"),
        ("config", config, VAEConfig, "study.VAEConfig(...)"),
        ("training", training, TrainConfig, "study.TrainConfig(...)"),
    ):
        if not isinstance(value, kind):
            raise StudyError(f"train: {name} must be {made}, got {shown(value)}")
    weights = _Weights(alpha, beta, seed)
    architecture = Architecture.of(config, data)
    cell = Cell(weights.alpha, weights.beta, weights.seed, training.learning_rate)
    told = f"train: {config.family}, {config.network}, on {len(data.train):,} examples of {data.name}"
    with heard(progress), stage(told):
        (trained,) = train_cells(data, architecture, training, [cell])
    if not trained.model.finite:
        raise StudyError(
            f"training with alpha={alpha:g}, beta={beta:g}, learning_rate={training.learning_rate:g} diverged; "
            "lower the learning rate"
        )
    _warn_if_falling(trained.model)
    return dataclasses.replace(trained.model, class_names=telling(data.class_names))


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
