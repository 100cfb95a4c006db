"""Strategies: the ways to draw z that the study compares. One file each, and a line in `registry.py`."""

from study.strategies.base import (
    Decoder,
    Fitted,
    FittedDensity,
    FittedTraceable,
    Given,
    Rung,
    Strategy,
    hyperparameters,
)
from study.strategies.reference import REFERENCES, ReferenceRow
from study.strategies.registry import FACTS, REGISTRY, ladder, listing, strategy

__all__ = [
    "FACTS",
    "REFERENCES",
    "REGISTRY",
    "Decoder",
    "Fitted",
    "FittedDensity",
    "FittedTraceable",
    "Given",
    "ReferenceRow",
    "Rung",
    "Strategy",
    "hyperparameters",
    "ladder",
    "listing",
    "strategy",
]
