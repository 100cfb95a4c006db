"""Configuration: frozen dataclasses that are experiment files, command-line flags and store keys at once."""

from study.config.grid import MOST_CELLS, MOST_SEEDS, Decode, StudyConfig
from study.config.likelihood import AnnealingConfig, LikelihoodConfig, check_samples
from study.config.loss import OBJECTIVE_SETTINGS, PRIOR_SETTINGS, UNUSED_WEIGHTS, ObjectiveConfig, PriorConfig
from study.config.model import FLAT_NETWORKS, LATER, NETWORK_SETTINGS, VAEConfig
from study.config.training import TrainConfig

__all__ = [
    "FLAT_NETWORKS", "LATER", "MOST_CELLS", "MOST_SEEDS", "NETWORK_SETTINGS", "OBJECTIVE_SETTINGS", "PRIOR_SETTINGS",
    "UNUSED_WEIGHTS", "AnnealingConfig", "Decode", "LikelihoodConfig", "ObjectiveConfig", "PriorConfig", "StudyConfig",
    "TrainConfig", "VAEConfig", "check_samples",
]  # fmt: skip
