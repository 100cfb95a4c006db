"""Ways to draw z for generation: the things compared. One file each, and a line in `registry.py`."""

from study.strategies.base import (
    Decoder,
    Fitted,
    FittedDensity,
    FittedTraceable,
    Strategy,
    hyperparameters,
    shared_draws,
)
from study.strategies.parts.training import TrainedStrategy
from study.strategies.reference import REFERENCES, Reference
from study.strategies.registry import REGISTRY, fitted_on, listing, strategy

__all__ = [
    "REFERENCES",
    "REGISTRY",
    "Decoder",
    "Fitted",
    "FittedDensity",
    "FittedTraceable",
    "Reference",
    "Strategy",
    "TrainedStrategy",
    "fitted_on",
    "hyperparameters",
    "listing",
    "shared_draws",
    "strategy",
]
