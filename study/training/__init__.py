"""Objective terms, the engine that trains a whole grid, checkpoints."""

from study.config import TrainConfig, VAEConfig
from study.data.base import Dataset
from study.errors import StudyError
from study.training.checkpoint import load as load_model
from study.training.checkpoint import save as save_model
from study.training.engine import Batching, Cell, default_batching, train_cells
from study.training.model import Architecture, TrainedModel

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


def train(
    data: Dataset,
    config: VAEConfig | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    seed: int = 0,
    training: TrainConfig | None = None,
) -> TrainedModel:
    """Train one VAE on `data.train` with loss α·D + β·R; the same program as in a grid.

    Raises:
        StudyError: the network does not fit the data, or the training diverged.
    """
    config, training = config or VAEConfig(), training or TrainConfig()
    architecture = Architecture.of(config, data)
    cell = Cell(float(alpha), float(beta), seed, training.learning_rate)
    (trained,) = train_cells(data, architecture, training, [cell])
    if not trained.model.finite:
        raise StudyError(
            f"training with alpha={alpha:g}, beta={beta:g}, learning_rate={training.learning_rate:g} diverged; "
            "lower the learning rate"
        )
    return trained.model
