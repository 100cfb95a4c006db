"""Configuration: frozen dataclasses that are experiment files, command-line flags and store keys at once."""

from study.config.families import FAMILIES, Family, ObjectiveConfig, PriorConfig
from study.config.grid import MOST_CELLS, MOST_SEEDS, Decode, StudyConfig
from study.config.likelihood import AnnealingConfig, LikelihoodConfig, check_samples
from study.config.model import FLAT_NETWORKS, NETWORK_SETTINGS, VAEConfig
from study.config.training import TrainConfig

__all__ = [
    "FAMILIES", "FLAT_NETWORKS", "MOST_CELLS", "MOST_SEEDS", "NETWORK_SETTINGS", "AnnealingConfig", "Decode", "Family",
    "LikelihoodConfig", "ObjectiveConfig", "PriorConfig", "StudyConfig", "TrainConfig", "VAEConfig", "check_samples",
]  # fmt: skip
