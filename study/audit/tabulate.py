"""An audit as the tables of a results folder: the same columns as those of a study, with what is not known left "
"open."""

import dataclasses
import datetime
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from study.audit.measuring import Measurements, Plan
from study.data.base import Dataset
from study.runtime.environment import cores, device_name, package_versions, peak_memory, project_version
from study.runtime.shown import shown_text
from study.tables.collect import MeasuredCell, collect
from study.tables.results import Results

EXPERIMENT = "audit"
QUESTION = "From which latent distribution should this model be sampled, and what is wrong with it?"
UNKNOWN: Mapping[str, Any] = {
    "family": "audited", "family_settings": "", "network": "", "hidden": "", "activation": "", "output_bias": "",
    "likelihood": "gaussian", "alpha": math.nan, "beta": math.nan, "noise_variance": math.nan, "decode": "mean",
    "steps": 0, "epochs": 0, "batch_size": 0, "learning_rate": math.nan, "schedule": "", "kl_warmup": math.nan,
    "binarise": False, "patience": 0, "still_falling": math.nan, "still_falling_error": math.nan,
    "train_seconds": math.nan, "compile_seconds": math.nan, "versions": "{}",
}  # fmt: skip


def tabulate(
    found: Measurements,
    data: Dataset,
    plan: Plan,
    *,
    latent_dim: int,
    facts: Mapping[str, Any],
    seconds: float,
    run_id: str = "audited",
) -> Results:
    """The tables of one audited model.

    Args:
        found: its measurements.
        data: the data set.
        plan: how much was measured.
        latent_dim: d.
        facts: about the model, for the provenance.
        seconds: of the audit.
        run_id: of the model in the tables.
    """
    row = {
        **UNKNOWN,
        "run_id": run_id,
        "experiment": EXPERIMENT,
        "dataset": data.name,
        "fingerprint": data.fingerprint,
        "n_train": len(data.train),
        "latent_dim": latent_dim,
        "seed": plan.seed,
        "status": "done",
        "reason": "",
        "evaluate_seconds": seconds,
        "device": device_name(),
    }
    cell = MeasuredCell(found.metrics, found.latents, np.empty((0, 2, 2)), {}, found.arrays)
    return collect([(row, cell)], provenance=_provenance(found, data, plan, facts, seconds))


def _provenance(
    found: Measurements, data: Dataset, plan: Plan, facts: Mapping[str, Any], seconds: float
) -> dict[str, Any]:
    first, right = found.extractors[0], float(np.mean([one.accuracy for one in found.extractors]))
    extractor = {
        "name": first.name,
        "evaluations": len(found.extractors),
        "accuracy": None if math.isnan(right) else right,
        "digests": [one.digest for one in found.extractors],
        "dimensions": first.dimensions,
    }
    if reason := getattr(first, "reason", ""):
        extractor["reason"] = reason
    return {
        "experiment": EXPERIMENT,
        "question": QUESTION,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "project": project_version(),
        "seconds": round(seconds, 1),
        "peak_memory_bytes": peak_memory(),
        "device": device_name(),
        "cores": cores(),
        "versions": package_versions(),
        "config": dataclasses.asdict(plan) | {"features": bool(plan.features)},
        "dataset": {
            "name": data.name,
            "source": shown_text(data.source),
            "fingerprint": data.fingerprint,
            "shape": list(data.shape),
            "n_train": len(data.train),
            "n_validation": len(data.validation),
            "n_test": len(data.test),
        },
        "extractor": extractor,
        **facts,
    }
