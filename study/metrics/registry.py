"""The metrics by name, one line each and in the order of tables and reports; a file is imported when it is used."""

import dataclasses
from typing import Any

from study.metrics.base import Fact, Metric
from study.metrics.facts import COST, LATENTS, LIKELIHOOD
from study.runtime.lazy import Lazy

METRICS = Lazy(
    "study.metrics",
    {
        "kid": "kid:KID",
        "fd": "frechet:FD",
        "precision": "manifold:PRECISION",
        "recall": "manifold:RECALL",
        "density": "manifold:DENSITY",
        "coverage": "manifold:COVERAGE",
        "sharpness": "image:SHARPNESS",
        "class_histogram": "classes:CLASS_HISTOGRAM",
        "fd_infinity": "infinity:FD_INFINITY",
        "sliced_w2": "sliced:SLICED_W2",
        "c2st": "c2st:C2ST",
        "vendi": "vendi:VENDI",
        "fd_pixels": "frechet:FD_PIXELS",
        "kid_pixels": "kid:KID_PIXELS",
        "autocorrelation": "sequences:AUTOCORRELATION",
        "marginal_w1": "sequences:MARGINAL_W1",
        "discriminative": "sequences:DISCRIMINATIVE",
        "tstr": "sequences:TSTR",
        "label_accuracy": "classes:LABEL_ACCURACY",
        "nearer_to_train": "nearer:NEARER_TO_TRAIN",
        "nearer_to_train_features": "nearer:NEARER_TO_TRAIN_FEATURES",
        "nn_ratio": "nearest_ratio:NN_RATIO",
        "nn_ratio_pixels": "nearest_ratio:NN_RATIO_PIXELS",
        "authenticity": "authenticity:AUTHENTICITY",
        "c_t": "data_copying:C_T",
        "duplicates": "duplicates:DUPLICATES",
        "confidence": "classes:CONFIDENCE",
    },
)
_FACTS = {fact.name: fact for fact in (*COST, *LIKELIHOOD, *LATENTS)}


def fact(name: str) -> Fact:
    """What is told of the number of that name; a number that nobody declared is called by its name."""
    if name in METRICS:
        return METRICS[name]
    known = _FACTS.get("iwae_K" if name.startswith("iwae_") else name)
    return known or Fact(
        name, label=name.replace("_", " "), summary="", source="", better="none", group="model"
    )


def names(*groups: str) -> list[str]:
    """Of some groups of numbers, or of all, the names in the order of tables and reports."""
    declared = [*METRICS.values(), *_FACTS.values()]
    return [one.name for one in declared if not groups or one.group in groups]


def metrics_for(*, windows: bool, asked: bool = False) -> tuple[Metric, ...]:
    """What is measured of samples: everything that needs no more than there is.

    Args:
        windows: whether examples are windows of time series.
        asked: whether samples were asked to be of given classes.
    """
    there = {"": True, "windows": windows, "classes asked for": asked}
    return tuple(metric for metric in METRICS.values() if there[metric.needs])


def listing() -> list[dict[str, Any]]:
    """What `study list metrics` shows: everything that is measured of samples, and of a model's likelihood."""
    shown = [field.name for field in dataclasses.fields(Fact)]
    return [{name: getattr(one, name) for name in shown} for one in (*METRICS.values(), *LIKELIHOOD)]
