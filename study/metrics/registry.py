"""The metrics by name, one line each, in the order of tables and reports; a file is imported when first used."""

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
        "column_w1": "column_w1:COLUMN_W1",
        "correlation": "correlation:CORRELATION",
        "column_tstr": "column_tstr:COLUMN_TSTR",
        "sharpness": "image:SHARPNESS",
        "class_histogram": "classes:CLASS_HISTOGRAM",
        "fd_infinity": "infinity:FD_INFINITY",
        "sliced_w2": "sliced:SLICED_W2",
        "c2st": "c2st:C2ST",
        "vendi": "vendi:VENDI",
        "fd_pixels": "frechet:FD_PIXELS",
        "kid_pixels": "kid:KID_PIXELS",
        "fd_columns": "frechet:FD_COLUMNS",
        "kid_columns": "kid:KID_COLUMNS",
        "autocorrelation": "sequences:AUTOCORRELATION",
        "marginal_w1": "sequences:MARGINAL_W1",
        "discriminative": "sequences:DISCRIMINATIVE",
        "tstr": "sequences:TSTR",
        "label_accuracy": "classes:LABEL_ACCURACY",
        "nearer_to_train": "nearer:NEARER_TO_TRAIN",
        "nearer_to_train_features": "nearer:NEARER_TO_TRAIN_FEATURES",
        "nn_ratio": "nearest_ratio:NN_RATIO",
        "nn_ratio_pixels": "nearest_ratio:NN_RATIO_PIXELS",
        "nn_ratio_columns": "nearest_ratio:NN_RATIO_COLUMNS",
        "closest_record": "closest_record:CLOSEST_RECORD",
        "authenticity": "authenticity:AUTHENTICITY",
        "c_t": "data_copying:C_T",
        "duplicates": "duplicates:DUPLICATES",
        "confidence": "classes:CONFIDENCE",
    },
)
_FACTS = {fact.name: fact for fact in (*COST, *LIKELIHOOD, *LATENTS)}


def fact(name: str) -> Fact:
    """The description of a number by its name; an undeclared number gets its name as label."""
    if name in METRICS:
        return METRICS[name]
    known = _FACTS.get("iwae_K" if name.startswith("iwae_") else name)
    return known or Fact(
        name, label=name.replace("_", " "), summary="", source="", better="none", group="model"
    )


def names(*groups: str) -> list[str]:
    """The names of the numbers of these groups, or of all, in the order of tables and reports."""
    declared = [*METRICS.values(), *_FACTS.values()]
    return [one.name for one in declared if not groups or one.group in groups]


def metrics_for(
    *, windows: bool, table: bool = False, asked: bool = False, again: bool = False
) -> tuple[Metric, ...]:
    """The metrics of samples whose needs are met.

    Args:
        windows: whether examples are windows of time series.
        table: whether examples are rows of a table.
        asked: whether classes were requested for the samples.
        again: leave out those that are measured `once`.
    """
    there = {
        "": True,
        "windows": windows,
        "table": table,
        "no table": not table,
        "classes asked for": asked,
    }
    return tuple(metric for metric in METRICS.values() if there[metric.needs] and not (again and metric.once))


def listing() -> list[dict[str, Any]]:
    """The rows of `study list metrics`: all metrics of samples, and of a model's likelihood."""
    shown = [field.name for field in dataclasses.fields(Fact)]
    return [{name: getattr(one, name) for name in shown} for one in (*METRICS.values(), *LIKELIHOOD)]
