"""Configuration: frozen dataclasses, used in experiment files, as command-line flags and in store keys."""

from study.config.data import DataConfig
from study.config.families import FAMILIES, Family, ObjectiveConfig, PriorConfig
from study.config.grid import MOST_CELLS, MOST_SEEDS, Decode, StudyConfig
from study.config.likelihood import AnnealingConfig, LikelihoodConfig, check_samples
from study.config.model import FLAT_NETWORKS, NETWORK_SETTINGS, VAEConfig
from study.config.training import TrainConfig

__all__ = [
    "FAMILIES", "FLAT_NETWORKS", "MOST_CELLS", "MOST_SEEDS", "NETWORK_SETTINGS", "AnnealingConfig", "DataConfig",
    "Decode", "Family", "LikelihoodConfig", "ObjectiveConfig", "PriorConfig", "StudyConfig", "TrainConfig", "VAEConfig",
    "check_samples",
]  # fmt: skip
