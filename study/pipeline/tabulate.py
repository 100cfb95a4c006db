"""The outcomes of a run as tables: a row for each cell, its measurements, and the provenance of all of them."""

import datetime
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from study.config.serialise import to_dict
from study.data.labels import telling
from study.models.likelihoods import noise_variance
from study.pipeline.job import Outcome
from study.pipeline.run import Run
from study.report import frames
from study.report.figures import GRIDS
from study.runtime.checks import listed
from study.runtime.environment import cores, device_name, package_versions, project_version
from study.runtime.shown import shown_text, shown_value
from study.scoring.context import DRAWS
from study.tables.collect import MeasuredCell, collect
from study.tables.results import Results
from study.training.engine import Cell

FALL = (
    "still_falling",
    "still_falling_error",
)  # of the validation loss over the last tenth of training, in nats
WIDTHS = {  # by network: the widths of its layers, from the settings of the model
    "linear": lambda model: (),
    "conv": lambda model: model.channels,
    **dict.fromkeys(("mlp", "gru", "tcn"), lambda model: model.hidden),
}


def tabulate(grids: Sequence[Run], *, experiment: str, question: str, profile: str, command: str) -> Results:
    """The tables of an experiment's runs; failed cells have a row in `runs` only."""
    first = grids[0].plan.config.seeds[0]
    cells = []
    for run, apart in zip(grids, _told_apart(grids), strict=True):
        pictured = [o.planned.cell for o in run.outcomes if o.evaluation and o.planned.cell.seed == first]
        kinds = dict.fromkeys(pictured, ("codes",)) | shown(pictured)
        cells += [
            (_run_row(o, run, experiment, apart), _scored(o, kinds.get(o.planned.cell, ())))
            for o in run.outcomes
        ]
    facts = _provenance(grids, experiment=experiment, question=question, profile=profile, command=command)
    return collect(cells, provenance=facts)


def shown(cells: Sequence[Cell]) -> dict[Cell, tuple[str, ...]]:
    """The kinds of samples, see `kind`, that are stored for each cell.

    Reports show samples at a few settings, from small to large β/α, and nearest training examples at the first one.
    """
    of = {frames.Setting(cell.alpha, cell.beta, 0.0): cell for cell in cells}
    settings = frames.spread(list(of), len(of) if len(of) <= GRIDS + 1 else GRIDS)
    return {of[place]: ("codes", "samples", *["nearest"] * (i == 0)) for i, place in enumerate(settings)}


def kind(name: str) -> str:
    """The kind of a stored array: "codes" of the map, "nearest" training examples, or "samples"."""
    last = name.rpartition("/")[2]
    return last if last in ("codes", "nearest") else "samples"


def _scored(outcome: Outcome, kinds: Sequence[str]) -> MeasuredCell | None:
    """The measurements of a cell, with the samples of these kinds; None if it failed."""
    found = outcome.evaluation
    if found is None:
        return None
    draws = {name.partition("/")[2]: x for name, x in found.arrays.items() if name.startswith(f"{DRAWS}/")}
    samples = {
        name: x for name, x in found.arrays.items() if not name.startswith(f"{DRAWS}/") and kind(name) in kinds
    }  # fmt: skip
    return MeasuredCell(found.metrics, found.latents, outcome.losses, draws, samples)


def _told_apart(grids: Sequence[Run]) -> list[dict[str, Any]]:
    """For each grid, the settings in which it differs from others of its family at the same α and β.

    They join `family_settings`, so that models that differ in them are never averaged. Of likelihoods nor are those at
    other settings: α and β weigh other terms.
    """
    configs = [run.plan.config for run in grids]
    named = ("network", "latent_dim")
    every = [
        {name: getattr(c.model, name) for name in named}
        | {"likelihood": run.plan.architecture.likelihood}
        | c.model.network_settings
        | c.training.deciding
        | {"n_train": len(run.plan.data.train)}
        for c, run in zip(configs, grids, strict=True)
    ]
    apart: list[dict[str, Any]] = []
    for one, own in zip(configs, every, strict=True):
        beside = [
            settings
            for other, settings in zip(configs, every, strict=True)
            if other.model.family == one.model.family
            and (
                settings["likelihood"] != own["likelihood"]
                or ({*other.alphas} & {*one.alphas} and {*other.betas} & {*one.betas})
            )
        ]
        names = [name for name in own if any(settings.get(name) != own[name] for settings in beside)]
        apart.append({name: own[name] for name in names})
    return apart


def _run_row(outcome: Outcome, run: Run, experiment: str, apart: Mapping[str, Any]) -> dict[str, Any]:
    plan, cell, facts = run.plan, outcome.planned.cell, outcome.facts
    model, training, n = plan.config.model, plan.config.training, len(plan.data.train)
    settings = {**model.prior_settings, **model.objective_settings, **apart}
    likelihood = plan.architecture.likelihood
    epochs = training.epochs(n) if outcome.losses is None else len(outcome.losses)
    return {
        "run_id": outcome.planned.run_id,
        "experiment": experiment,
        "dataset": plan.data.name,
        "fingerprint": plan.data.fingerprint,
        "n_train": n,
        "family": model.family,
        "family_settings": ", ".join(f"{name}={_plain(value)}" for name, value in settings.items()),
        "network": model.network,
        "hidden": "×".join(map(str, WIDTHS[model.network](model))),
        **{name: model.network_settings.get(name, "") for name in ("activation", "output_bias")},
        "latent_dim": model.latent_dim,
        "likelihood": likelihood,
        "alpha": cell.alpha,
        "beta": cell.beta,
        "noise_variance": noise_variance(cell.alpha, cell.beta) if likelihood == "gaussian" else np.nan,
        "decode": plan.config.decode,
        "seed": cell.seed,
        "steps": epochs * training.steps_per_epoch(n),
        "epochs": epochs,
        "batch_size": min(training.batch_size, n),
        "learning_rate": cell.learning_rate,
        "schedule": training.schedule,
        "kl_warmup": training.kl_warmup,
        "binarise": training.binarise,
        "patience": training.patience if plan.architecture.encodes else 0,
        **{name: facts.get(name, np.nan) for name in FALL},
        "status": "failed" if outcome.reason else "done",
        "reason": shown_text(outcome.reason),
        "train_seconds": facts.get("train_seconds", np.nan),
        "compile_seconds": facts.get("compile_seconds", np.nan),
        "evaluate_seconds": facts.get("evaluate_seconds", np.nan),
        "device": facts.get("device", ""),
        "versions": json.dumps(facts.get("versions", {}), sort_keys=True),
    }


def _seconds(run: Run) -> float:
    """Seconds of compiling, training and measuring, including work that was done earlier or by other processes."""
    facts = [outcome.facts for outcome in run.outcomes]
    names = ("train_seconds", "evaluate_seconds")
    compiling = max((one.get("compile_seconds", 0.0) for one in facts), default=0.0)
    return compiling + sum(one.get(name, 0.0) for one in facts for name in names)


def _plain(value: Any) -> str:
    return "×".join(map(str, value)) if isinstance(value, list) else str(value)


def _provenance(
    grids: Sequence[Run], *, experiment: str, question: str, profile: str, command: str
) -> dict[str, Any]:
    run = grids[0]
    data, extractors = run.plan.whole, run.extractors
    facts: dict[str, Any] = {
        "experiment": experiment,
        "question": question,
        "profile": profile,
        "command": command,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "project": project_version(),
        "seconds": round(sum(map(_seconds, grids)), 1),
        "seconds_of_this_run": round(sum(run.seconds for run in grids), 1),
        "peak_memory_bytes": max(run.peak_memory_bytes for run in grids),
        "device": device_name(),
        "cores": cores(),
        "versions": package_versions(),
        "config": [shown_value(to_dict(run.plan.config)) for run in grids],
        "n_samples": run.plan.n_samples,
        "dataset": {
            "name": data.name,
            "source": shown_text(data.source),
            "fingerprint": data.fingerprint,
            "shape": list(data.shape),
            "read_as": shown_text(data.read_as),
            "n_train": len(data.train),
            "n_validation": len(data.validation),
            "n_test": len(data.test),
        },
    }
    if names := telling(data.class_names):
        facts["dataset"]["classes"] = listed([shown_text(name) for name in names])
    if data.windows is not None:
        facts["dataset"]["windows"] = to_dict(data.windows)
    if extractors:
        extractor, right = extractors[0], float(np.mean([one.accuracy for one in extractors]))
        facts["extractor"] = {
            "name": extractor.name,
            "evaluations": len(extractors),
            "accuracy": None if np.isnan(right) else right,
            "digests": [one.digest for one in extractors],
            "dimensions": extractor.dimensions,
        }
        if reason := getattr(extractor, "reason", ""):
            facts["extractor"]["reason"] = reason
    return facts
