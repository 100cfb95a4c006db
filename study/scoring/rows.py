"""Metric rows: measurements of the model itself, and any measurement as a row of the table."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from study.latents.by_class import ByClass
from study.latents.surgery import Estimate, Surgery
from study.latents.two_sample import TwoSample
from study.metrics.base import Measurement
from study.metrics.likelihood import ON_HELD_OUT
from study.models.likelihoods import noise_variance
from study.models.priors.lars import FINAL_DRAWS
from study.training.model import TrainedModel
from study.training.prior import LearnedPrior

MODEL = "model"  # the "strategy" of rows that belong to the model itself


def metric_row(
    name: str, configured: str, fit: int, draw: int, m: Measurement, *, evaluation: int = 0
) -> dict[str, Any]:
    """A measurement of a strategy with this name and configuration, as a row without `run_id`."""
    split = "train" if name == MODEL and m.reference != ON_HELD_OUT else "test"
    return {
        "strategy": name,
        "strategy_config": configured,
        "fit": fit,
        "draw": draw,
        "evaluation": evaluation,
        "split": split,
        **{field.name: getattr(m, field.name) for field in dataclasses.fields(m)},
        "status": m.status,
    }


def surgery_measurements(apart: Surgery, distortion: Estimate) -> list[Measurement]:
    """The parts of the KL, whether they are identified, and D of held-out data."""
    identified = Estimate(float(apart.identified), 0.0, apart.mi_lower.n)
    found = {**_fields(apart), "identified": identified, "distortion": distortion}
    return [
        Measurement(
            metric,
            one.value,
            one.stderr,
            one.n,
            ON_HELD_OUT if metric == "distortion" else "; ".join(filter(None, ("prior", one.how))),
            "none",
            "the prior's marginals are not tractable" if np.isnan(one.value) else "",
        )
        for metric, one in found.items()
    ]


def distance_measurements(found: Mapping[str, TwoSample]) -> list[Measurement]:
    """Each distance between q(z) and the prior, and its null value as `<metric>_null_high`."""
    rows = []
    for metric, one in found.items():
        value, n = one.estimate, one.estimate.n
        null = f"prior; two sets of its draws score below {one.null_high:.3g} in 95 % of cases"
        rows += [
            Measurement(metric, value.value, value.stderr, n, null, "none"),
            Measurement(f"{metric}_null_high", one.null_high, float("nan"), n, "prior", "none"),
        ]
    return rows


def prior_measurements(prior: LearnedPrior | None) -> list[Measurement]:
    """The normaliser of a learned prior that has one, which is the share of its proposals that are accepted."""
    if prior is None or "normaliser" not in prior.info:
        return []
    value, stderr = (float(prior.info[name]) for name in ("normaliser", "normaliser_stderr"))
    return [Measurement("normaliser", value, stderr, FINAL_DRAWS, "prior", "none")]


def noise_measurements(model: TrainedModel) -> list[Measurement]:
    """The variance of a Gaussian decoder if it is learned; otherwise it is β/(2α), a column of the tables."""
    own, architecture = model.noise_variance, model.architecture
    if architecture.likelihood != "gaussian":
        return []
    if np.isclose(own, noise_variance(model.alpha, model.beta), rtol=1e-5, atol=0):
        return []
    return [Measurement("decoder_variance", own, 0.0, architecture.size, "", "none")]


def class_measurements(found: ByClass) -> list[Measurement]:
    """Measurements of q(z|y), for a conditional model."""
    return [
        Measurement(
            metric, one.value, one.stderr, one.n, "q(z)" if metric == "label_information" else "prior", "none"
        )
        for metric, one in _fields(found).items()
    ]


def _fields(estimates: Surgery | ByClass) -> dict[str, Estimate]:
    return {field.name: getattr(estimates, field.name) for field in dataclasses.fields(estimates)}
