"""plan → train → encode → measure → outcomes: computes what is missing, keeps what is done.

Several processes may run one plan on one store: what another one is at is left to it and waited for at the end.
"""

import contextlib
import dataclasses
import functools
import itertools
import time
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import jax
import pandas as pd

from study.errors import FileError
from study.latents import Latents
from study.metrics.evaluate import Evaluator
from study.metrics.features import Extractor, train_extractor
from study.metrics.onnx_features import OnnxExtractor
from study.metrics.reference import FeatureExtractor
from study.pipeline.plan import Plan, PlannedCell
from study.pipeline.store import Store, Stored
from study.runtime.checks import said
from study.runtime.claims import Claim
from study.runtime.environment import device_name, package_versions, peak_memory
from study.runtime.progress import Progress
from study.scoring.encode import Encoded, encode_splits
from study.scoring.fit import Fits, fit_trained, is_trained
from study.scoring.score import Context, Evaluation, Measured, measure_latents, measure_quality, score
from study.training import checkpoint
from study.training.engine import Cell, train_cells
from study.training.model import TrainedModel

GROUP = 8  # cells whose codes are held at once, where strategies are trained on the codes of several


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """One cell's end: its tables where it is done, else the reason why not.

    Attributes:
        planned: the cell.
        facts: seconds, device and versions, as far as it came.
        losses: `[epochs, 2, 2]` or None.
        evaluation: what was measured, or None.
        reason: why it failed; empty where it is done, be it that some of its strategies failed.
    """

    planned: PlannedCell
    facts: dict[str, Any]
    losses: Any = None
    evaluation: Evaluation | None = None
    reason: str = ""

    @property
    def failure(self) -> str:
        """What went wrong with the cell or one of its strategies; empty where nothing did."""
        return self.reason or (self.evaluation.failure if self.evaluation else "")


@dataclasses.dataclass(eq=False)
class Count:
    """What this process computed itself, of what it was asked for."""

    trained: int = 0
    scored: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """All outcomes of a plan in its order, and what is known of the run as a whole."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    extractor: FeatureExtractor | None
    seconds: float
    peak_memory_bytes: int
    count: Count

    @property
    def failed(self) -> list[Outcome]:
        """Cells that have a reason instead of a result, or a strategy that failed."""
        return [outcome for outcome in self.outcomes if outcome.failure]


@dataclasses.dataclass(frozen=True, eq=False)
class _Job:
    """What every step of a run needs."""

    plan: Plan
    store: Store
    evaluator: Evaluator | None
    count: Count


def missing(plan: Plan, store: Store) -> int:
    """How many cells are not done; with the extractor, all that a run would have to write."""
    units = (("features", plan.extractor_key),) if plan.config.strategies else ()
    absent = not all(store.has(*unit) for unit in units)
    return sum(absent or not _done(planned, store) for planned in plan.cells)


def _done(planned: PlannedCell, store: Store) -> bool:
    return all(store.has(*unit) for unit in (("train", planned.train_key), *planned.units))


def execute(plan: Plan, store: Store, *, label: str = "study", fail_fast: bool = False) -> Run:
    """Train, encode and measure what the store does not hold.

    A cell that fails is an outcome with its reason and is never stored as done, nor is a strategy that fails; the
    others go on, unless `fail_fast`, which leaves the cells after it out.

    Raises:
        FileError: the store cannot be read or written; what is done is kept.
    """
    began = time.perf_counter()
    extractor = _extractor(plan, store) if plan.config.strategies else None
    evaluator = Evaluator(plan.measured, extractor, n=plan.n_samples) if extractor else None
    job = _Job(plan, store, evaluator, Count())
    outcomes: dict[str, Outcome] = {}
    with (
        Progress(len(plan.cells), label) as progress,
        contextlib.closing(_trained(job)) as trained,
        contextlib.closing(_outcomes(trained, job)) as found,
    ):
        for outcome in found:
            outcomes[outcome.planned.run_id] = outcome
            progress.advance(f"failed: {outcome.failure}" if outcome.failure else "")
            if outcome.failure and fail_fast:
                break
    ordered = tuple(outcomes[planned.run_id] for planned in plan.cells if planned.run_id in outcomes)
    return Run(plan, ordered, extractor, time.perf_counter() - began, peak_memory(), job.count)


def _extractor(plan: Plan, store: Store) -> FeatureExtractor:
    """What makes the features: the built-in extractor, or the network that the configuration names."""
    built_in = stored_extractor(plan, store)
    if not plan.config.features:
        return built_in
    return OnnxExtractor.load(plan.config.features, plan.data, classifier=built_in)


def stored_extractor(plan: Plan, store: Store) -> Extractor:
    """The fixed feature extractor of this data set, trained once and kept in the store."""
    key = plan.extractor_key
    found = store.get("features", key)
    if found is None:
        with store.claimed("features", key):
            found = store.get("features", key)
            if found is None:
                extractor = train_extractor(plan.data, plan.extractor)
                store.put("features", key, extractor.to_arrays(), {"accuracy": extractor.accuracy})
                return extractor
    return Extractor.from_arrays(dict(found.arrays))


_Trained = tuple[PlannedCell, Stored | None, str]  # a cell, and its training or the reason why there is none


def _trained(job: _Job) -> Generator[_Trained, None, None]:
    """Every planned cell as soon as it is trained: those in the store, then this process's, then the others'."""
    absent = []
    for planned in job.plan.cells:
        found = job.store.get("train", planned.train_key)
        if found is None:
            absent.append(planned)
        else:
            yield planned, found, ""
    mine = _Claimed(absent, job.store)
    try:
        yield from _train(mine, len(absent), job)
    finally:
        mine.release()
    yield from mine.found
    for planned in mine.busy:
        with job.store.claimed("train", planned.train_key):
            found = job.store.get("train", planned.train_key)
            again = [] if found is not None else list(_train(_Claimed([planned], None), 1, job))
        yield from again or [(planned, found, "")]


class _Claimed(Iterator[Cell]):
    """The cells that this process may train, each claimed when the engine asks for it.

    Attributes:
        held: those that are handed out and not stored yet, by cell, with their claims.
        busy: those that another process has.
        found: those that another process finished in the meantime.
    """

    def __init__(self, wanted: Sequence[PlannedCell], store: Store | None):
        self._wanted, self._store = list(wanted), store
        self.held: dict[Cell, tuple[PlannedCell, Claim | None]] = {}
        self.busy: list[PlannedCell] = []
        self.found: list[_Trained] = []

    def __next__(self) -> Cell:
        while self._wanted:
            planned = self._wanted.pop(0)
            claim = None
            if self._store is not None:
                claim = self._store.claim("train", planned.train_key)
                if claim is None:
                    self.busy.append(planned)
                    continue
                found = self._store.get("train", planned.train_key)
                if found is not None:
                    claim.release()
                    self.found.append((planned, found, ""))
                    continue
            self.held[planned.cell] = (planned, claim)
            return planned.cell
        raise StopIteration

    def finish(self, cell: Cell) -> None:
        """The cell is stored, or never will be."""
        _, claim = self.held.pop(cell)
        if claim is not None:
            claim.release()

    def release(self) -> None:
        """Give back what is still held."""
        for cell in list(self.held):
            self.finish(cell)

    def rest(self) -> list[PlannedCell]:
        """What is held, and what was not asked for yet."""
        return [planned for planned, _ in self.held.values()] + self._wanted


def _train(cells: _Claimed, count: int, job: _Job) -> Iterator[_Trained]:
    plan = job.plan
    try:
        for trained in train_cells(
            plan.data, plan.architecture, plan.config.training, cells, batching=plan.batching, count=count
        ):
            job.count.trained += 1
            planned = cells.held[trained.cell][0]
            if trained.model.finite:
                arrays, facts = checkpoint.pack(trained.model)
                facts |= {
                    "train_seconds": trained.seconds,
                    "compile_seconds": trained.compile_seconds,
                    "device": device_name(),
                    "versions": package_versions(),
                }
                job.store.put("train", planned.train_key, arrays, facts)
                made: _Trained = (planned, Stored(arrays, facts), "")
            else:
                reason = "diverged: losses or parameters are not finite; lower the learning rate"
                made = (planned, None, reason)
            cells.finish(trained.cell)
            yield made
    except FileError:
        raise
    except Exception as error:
        for planned in cells.rest():
            yield planned, None, f"training stopped: {said(error)}"


def _outcomes(trained: Iterator[_Trained], job: _Job) -> Generator[Outcome, None, None]:
    """Every cell measured; what another process is at comes last."""
    busy: list[_Trained] = []
    wanted = any(map(is_trained, job.plan.config.strategies))
    while group := list(itertools.islice(trained, GROUP if wanted else 1)):
        claims: dict[str, Claim] = {}
        try:
            yield from _measured([one for one in group if _ours(one, job, claims, busy)], job)
        finally:
            for claim in claims.values():
                claim.release()
    for one in busy:
        with job.store.claimed("evaluate", one[0].encode_key):
            found = list(_measured([one], job))
        yield from found


def _ours(one: _Trained, job: _Job, claims: dict[str, Claim], busy: list[_Trained]) -> bool:
    """Whether nothing of this cell is missing, or this process may compute it; else it is noted as busy."""
    planned, stored, _ = one
    key = planned.encode_key
    if stored is None or key in claims or all(job.store.has(*unit) for unit in planned.units):
        return True
    claim = job.store.claim("evaluate", key)
    if claim is None:
        busy.append(one)
        return False
    claims[key] = claim
    return True


def _measured(group: list[_Trained], job: _Job) -> Iterator[Outcome]:
    """The outcomes of a group of cells, with the trained strategies fitted to all their codes at once."""
    fits = _fit_group(group, job)
    for planned, stored, reason in group:
        if stored is None:
            yield Outcome(planned, {}, reason=reason)
        else:
            yield _measure(planned, stored, job, fits.pop(planned.run_id, {}))


def _fit_group(group: list[_Trained], job: _Job) -> dict[str, Fits]:
    """Fits by run of the cells whose scores are missing; what fails is left to their scoring, which says why."""
    config = job.plan.config
    names: set[str] = set()
    encoded: dict[str, tuple[jax.Array, Encoded]] = {}
    for planned, stored, _ in group if any(map(is_trained, config.strategies)) else ():
        absent = {name for (name, _), key in planned.score_keys.items() if not job.store.has("score", key)}
        absent = set(filter(is_trained, absent))
        if stored is not None and absent:
            with contextlib.suppress(Exception):
                codes = _encoded(planned, checkpoint.unpack(stored.arrays, stored.facts), job)
                if codes is not None:
                    encoded[planned.run_id] = _key(planned), codes
                    names |= absent
    keys, codes_of = [key for key, _ in encoded.values()], [codes for _, codes in encoded.values()]
    chosen = [name for name in config.strategies if name in names]
    return dict(zip(encoded, fit_trained(keys, codes_of, strategies=chosen, fits=config.fits), strict=True))


def _key(planned: PlannedCell) -> jax.Array:
    return jax.random.key(planned.cell.seed)


def _measure(planned: PlannedCell, stored: Stored, job: _Job, fitted: Fits) -> Outcome:
    """Encode and measure one trained cell, as far as that is not stored already."""
    facts, losses, config = dict(stored.facts), stored.arrays["losses"], job.plan.config
    likelihood = config.likelihood if config.likelihood.examples else None

    @functools.cache
    def context() -> Context:  # made when the first part is missing
        model = checkpoint.unpack(stored.arrays, stored.facts)
        codes, data = _encoded(planned, model, job), job.plan.measured
        return Context(_key(planned), model, codes, data, job.evaluator, config.draws, config.decode)

    def compute(stage: str, key: str) -> Measured:
        if stage == "latents":
            return measure_latents(context(), density_draws=config.density_draws, likelihood=likelihood)
        if stage == "quality":
            return measure_quality(context())
        name, fit = asked[key]
        return score(context(), name, fit, ready=fitted.get((name, fit)))

    asked = {key: of for of, key in planned.score_keys.items()}
    parts, seconds, own = [], 0.0, False
    try:
        for unit in planned.units:
            found = job.store.get(*unit)
            if found is None:
                own, began = True, time.perf_counter()
                part = compute(*unit)
                found = _packed(part, time.perf_counter() - began, planned.encode_key)
                if part.final:
                    job.store.put(*unit, found.arrays, found.facts)
            else:
                part = _unpacked(found)
            parts.append(part)
            seconds += found.facts["seconds"]
    except FileError:
        raise
    except Exception as error:
        return Outcome(planned, facts, losses, reason=f"evaluation stopped: {said(error)}")
    job.count.scored += own
    return Outcome(planned, {**facts, "evaluate_seconds": seconds}, losses, Evaluation.of(parts))


def _packed(made: Measured, seconds: float, parent: str) -> Stored:
    facts = {
        "parent": parent,
        "rows": list(made.rows),
        "latents": made.latents.to_dict("split", index=False),
        "seconds": seconds,
    }
    return Stored(made.arrays, facts)


def _unpacked(stored: Stored) -> Measured:
    table = stored.facts["latents"]
    return Measured(
        stored.facts["rows"], pd.DataFrame(table["data"], columns=table["columns"]), stored.arrays
    )


def _encoded(planned: PlannedCell, model: TrainedModel, job: _Job) -> Encoded | None:
    """The codes of every part of the data; None where the model has no encoder."""
    if not model.encodes:
        return None
    measured = job.plan.measured
    parts = [field.name for field in dataclasses.fields(Encoded)]
    found = job.store.get("encode", planned.encode_key)
    if found is not None:
        return Encoded(
            **{
                part: Latents(
                    found.arrays[f"{part}/mean"],
                    found.arrays[f"{part}/log_var"],
                    getattr(measured, f"{part}_labels"),
                )
                for part in parts
            }
        )
    encoded = encode_splits(model, measured)
    moments = [(part, name) for part in parts for name in ("mean", "log_var")]
    arrays = {f"{part}/{name}": getattr(getattr(encoded, part), name) for part, name in moments}
    job.store.put("encode", planned.encode_key, arrays, {"parent": planned.train_key})
    return encoded
