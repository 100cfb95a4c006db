"""plan → train → encode → evaluate → tables: runs what is missing, keeps what is done."""

import contextlib
import dataclasses
import itertools
import time
from collections.abc import Iterator
from typing import Any

import jax
import pandas as pd

from study.cells import Store, Stored
from study.environment import device_name, package_versions, peak_memory
from study.errors import StudyError
from study.evaluation import Encoded, Fits, encode_splits, evaluate_model, fit_trained, is_trained
from study.latents import Latents
from study.metrics.evaluate import Evaluator
from study.metrics.features import Extractor, FeatureExtractor, train_extractor
from study.metrics.onnx_features import OnnxExtractor
from study.plan import Plan, PlannedCell
from study.progress import Progress
from study.training import checkpoint
from study.training.engine import train_cells
from study.training.model import TrainedModel

DRAWS = "draws"  # where single draws are kept among a stored evaluation's arrays
Failure = (StudyError, jax.errors.JaxRuntimeError, MemoryError)
GROUP = 8  # cells whose codes are held at once, where strategies are trained on the codes of several


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """One cell's end: its tables where it is done, else the reason why not.

    Attributes:
        planned: the cell.
        facts: seconds, device and versions, as far as it came.
        losses: `[epochs, 2, 2]` or None.
        evaluation: stored metric and latent rows and sample pictures, or None.
        reason: why it failed; empty where it is done.
    """

    planned: PlannedCell
    facts: dict[str, Any]
    losses: Any = None
    evaluation: Stored | None = None
    reason: str = ""


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """All outcomes of a plan in its order, and what is known of the run as a whole."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    extractor: FeatureExtractor | None
    seconds: float
    peak_memory_bytes: int

    @property
    def failed(self) -> list[Outcome]:
        """Cells that have a reason instead of a result."""
        return [outcome for outcome in self.outcomes if outcome.reason]


def execute(plan: Plan, store: Store, *, label: str = "study", fail_fast: bool = False) -> Run:
    """Train, encode and evaluate what the store does not hold.

    A cell that fails is an outcome with its reason and is never stored as done; the others go on, unless
    `fail_fast`, which leaves the cells after it out.
    """
    began = time.perf_counter()
    extractor = _extractor(plan, store) if plan.config.strategies else None
    evaluator = Evaluator(plan.measured, extractor, n=plan.n_samples) if extractor else None
    outcomes: dict[str, Outcome] = {}
    with Progress(len(plan.cells), label) as progress:
        for planned, stored, reason, fitted in _fitted(plan, store):
            outcome = (
                Outcome(planned, {}, reason=reason)
                if stored is None
                else _finish(planned, stored, plan, store, evaluator, fitted)
            )
            outcomes[planned.run_id] = outcome
            progress.advance(f"failed: {outcome.reason}" if outcome.reason else "")
            if outcome.reason and fail_fast:
                break
    ordered = tuple(outcomes[planned.run_id] for planned in plan.cells if planned.run_id in outcomes)
    return Run(plan, ordered, extractor, time.perf_counter() - began, peak_memory())


def _extractor(plan: Plan, store: Store) -> FeatureExtractor:
    """What makes the features: the built-in extractor, or the network that the configuration names."""
    built_in = stored_extractor(plan, store)
    if not plan.config.features:
        return built_in
    return OnnxExtractor.load(plan.config.features, plan.data, classifier=built_in)


def stored_extractor(plan: Plan, store: Store) -> Extractor:
    """The fixed feature extractor of this data set, trained once and kept in the store."""
    found = store.get("features", plan.extractor_key)
    if found is not None:
        return Extractor.from_arrays(dict(found.arrays))
    extractor = train_extractor(plan.data, plan.extractor)
    store.put("features", plan.extractor_key, extractor.to_arrays(), {"accuracy": extractor.accuracy})
    return extractor


def _trained(plan: Plan, store: Store) -> Iterator[tuple[PlannedCell, Stored | None, str]]:
    """Every planned cell with its stored training, or with the reason why there is none."""
    missing = {}
    for planned in plan.cells:
        found = store.get("train", planned.train_key)
        if found is None:
            missing[planned.cell] = planned
        else:
            yield planned, found, ""
    try:
        cells = list(missing)
        for trained in train_cells(
            plan.data, plan.architecture, plan.config.training, cells, batching=plan.batching
        ):
            planned = missing.pop(trained.cell)
            if not trained.model.finite:
                yield planned, None, "diverged: losses or parameters are not finite; lower the learning rate"
                continue
            arrays, facts = checkpoint.pack(trained.model)
            facts |= {
                "train_seconds": trained.seconds,
                "compile_seconds": trained.compile_seconds,
                "device": device_name(),
                "versions": package_versions(),
            }
            store.put("train", planned.train_key, arrays, facts)
            yield planned, Stored(arrays, facts), ""
    except Failure as error:
        for planned in missing.values():
            yield planned, None, f"training stopped: {_first_line(error)}"


def _fitted(plan: Plan, store: Store) -> Iterator[tuple[PlannedCell, Stored | None, str, Fits]]:
    """As `_trained`, with the trained strategies fitted to the codes of a group of cells at a time."""
    wanted = any(map(is_trained, plan.config.strategies))
    cells = _trained(plan, store)
    while group := list(itertools.islice(cells, GROUP if wanted else 1)):
        fits = _fit_group(group, plan, store) if wanted else {}
        for planned, stored, reason in group:
            yield planned, stored, reason, fits.pop(planned.run_id, {})


def _fit_group(
    group: list[tuple[PlannedCell, Stored | None, str]], plan: Plan, store: Store
) -> dict[str, Fits]:
    """Fits by run of the cells that are to be evaluated; what fails is left to their evaluation, which says why."""
    encoded: dict[PlannedCell, Encoded] = {}
    for planned, stored, _ in group:
        if stored is not None and store.get("evaluate", planned.evaluate_key) is None:
            with contextlib.suppress(*Failure):
                model = checkpoint.unpack(stored.arrays, stored.facts)
                codes = _encoded(planned, model, plan, store)
                if codes is not None:
                    encoded[planned] = codes
    config, keys = plan.config, [_evaluation_key(planned) for planned in encoded]
    try:
        fits = fit_trained(keys, list(encoded.values()), strategies=config.strategies, fits=config.fits)
    except Failure:
        return {}
    return {planned.run_id: found for planned, found in zip(encoded, fits, strict=True)}


def _evaluation_key(planned: PlannedCell) -> jax.Array:
    return jax.random.key(planned.cell.seed)


def _finish(
    planned: PlannedCell,
    stored: Stored,
    plan: Plan,
    store: Store,
    evaluator: Evaluator | None,
    fitted: Fits,
) -> Outcome:
    """Encode and evaluate one trained cell, unless that is stored already."""
    facts, losses = dict(stored.facts), stored.arrays["losses"]
    found = store.get("evaluate", planned.evaluate_key)
    if found is None:
        try:
            model = checkpoint.unpack(stored.arrays, stored.facts)
            found = _evaluate(planned, model, plan, store, evaluator, fitted)
        except Failure as error:
            return Outcome(planned, facts, losses, reason=f"evaluation stopped: {_first_line(error)}")
        store.put("evaluate", planned.evaluate_key, found.arrays, found.facts)
    return Outcome(planned, {**facts, "evaluate_seconds": found.facts["seconds"]}, losses, found)


def _evaluate(
    planned: PlannedCell,
    model: TrainedModel,
    plan: Plan,
    store: Store,
    evaluator: Evaluator | None,
    fitted: Fits,
) -> Stored:
    began = time.perf_counter()
    evaluation = evaluate_model(
        _evaluation_key(planned),
        model=model,
        encoded=_encoded(planned, model, plan, store),
        data=plan.measured,
        evaluator=evaluator,
        strategies=plan.config.strategies,
        fits=plan.config.fits,
        draws=plan.config.draws,
        density_draws=plan.config.density_draws,
        likelihood=plan.config.likelihood,
        fitted=fitted,
        decode=plan.config.decode,
    )
    facts = {
        "parent": planned.encode_key,
        "metrics": evaluation.metrics.to_dict("split", index=False),
        "latents": evaluation.latents.to_dict("split", index=False),
        "seconds": time.perf_counter() - began,
    }
    draws = {f"{DRAWS}/{source}": array for source, array in evaluation.draws.items()}
    return Stored({**evaluation.samples, **draws}, facts)


def _encoded(planned: PlannedCell, model: TrainedModel, plan: Plan, store: Store) -> Encoded | None:
    """The codes of every part of the data; None where the model has no encoder."""
    if not model.encodes:
        return None
    parts = [field.name for field in dataclasses.fields(Encoded)]
    found = store.get("encode", planned.encode_key)
    if found is not None:
        return Encoded(
            **{
                part: Latents(
                    found.arrays[f"{part}/mean"],
                    found.arrays[f"{part}/log_var"],
                    getattr(plan.measured, f"{part}_labels"),
                )
                for part in parts
            }
        )
    encoded = encode_splits(model, plan.measured)
    moments = [(part, name) for part in parts for name in ("mean", "log_var")]
    arrays = {f"{part}/{name}": getattr(getattr(encoded, part), name) for part, name in moments}
    store.put("encode", planned.encode_key, arrays, {"parent": planned.train_key})
    return encoded


def stored_frame(table: dict[str, Any]) -> pd.DataFrame:
    """A frame that was stored as plain values."""
    return pd.DataFrame(table["data"], columns=table["columns"])


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
