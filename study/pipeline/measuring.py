"""Measures every trained cell, except what is stored already or another process is measuring."""

import contextlib
import dataclasses
import functools
import itertools
import time
from collections.abc import Generator, Iterable, Iterator

import jax
import pandas as pd

from study.errors import FileError
from study.latents import Latents
from study.pipeline.job import Job, Outcome
from study.pipeline.plan import PlannedCell
from study.pipeline.store import Stored
from study.pipeline.training import TrainedCell
from study.runtime.checks import said
from study.runtime.claims import Claim, pause
from study.runtime.memory import give_back
from study.scoring.context import Context, Evaluation, Measured
from study.scoring.encode import Encoded, encode_splits
from study.scoring.fit import Fits, fit_trained, is_trained
from study.scoring.latents import measure_latents, measure_likelihood
from study.scoring.quality import measure_quality
from study.scoring.score import score
from study.training import checkpoint
from study.training.model import TrainedModel

GROUP = 4  # cells whose codes are in memory at once if strategies are trained on the codes of several


def outcomes(
    trained: Iterable[TrainedCell], job: Job, *, wait: bool = True
) -> Generator[Outcome, None, None]:
    """Measure every cell; those that another process measures come when they are finished.

    Args:
        trained: the cells, and why the training of some failed.
        job: the run.
        wait: at the end, wait for other processes, and measure what they leave; otherwise leave it to them.
    """
    busy: list[TrainedCell] = []
    ready = iter(trained)
    wanted = any(map(is_trained, job.plan.config.strategies))
    while group := list(itertools.islice(ready, GROUP if wanted else 1)):
        give_back()  # of the training, or of the cells before
        yield from _claimed(group, job, busy)
        yield from _finished(busy, job)
    while busy and wait:
        waiting, busy = busy, []
        for one in waiting:
            yield from _claimed([one], job, busy)
        if len(busy) == len(waiting):
            pause()


def _claimed(group: list[TrainedCell], job: Job, busy: list[TrainedCell]) -> Iterator[Outcome]:
    """Measure those cells of a group that no other process has claimed; the others are appended to `busy`."""
    claims: dict[str, Claim] = {}
    try:
        yield from _measured([one for one in group if _ours(one, job, claims, busy)], job)
    finally:
        for claim in claims.values():
            claim.release()


def _finished(busy: list[TrainedCell], job: Job) -> Iterator[Outcome]:
    """The outcomes of those cells that another process has finished, which are removed from `busy`."""
    for one in list(busy):
        if _complete(one[0], job):
            busy.remove(one)
            yield from _measured([one], job)


def _complete(planned: PlannedCell, job: Job) -> bool:
    """Whether everything about this cell is in the store."""
    return all(job.store.has(*unit) for unit in planned.units)


def _ours(one: TrainedCell, job: Job, claims: dict[str, Claim], busy: list[TrainedCell]) -> bool:
    """Whether this cell is complete or this process may measure it; otherwise it is appended to `busy`."""
    planned, reason = one
    key = planned.encode_key
    if reason or key in claims or _complete(planned, job):
        return True
    claim = job.store.claim("evaluate", key)
    if claim is None:
        busy.append(one)
        return False
    claims[key] = claim
    return True


def _measured(group: list[TrainedCell], job: Job) -> Iterator[Outcome]:
    """The outcomes of a group of cells, with the trained strategies fitted to all their codes at once."""
    read = [(planned, reason or job.store.get("train", planned.train_key)) for planned, reason in group]
    cells = [_Cell(planned, found, job) for planned, found in read if isinstance(found, Stored)]
    fits = dict(zip((cell.planned.run_id for cell in cells), _fit_group(cells, job), strict=True))
    ready = {cell.planned.run_id: cell for cell in cells}
    for planned, found in read:
        if isinstance(found, Stored):
            yield _measure(ready.pop(planned.run_id), fits.pop(planned.run_id))
        else:
            yield Outcome(planned, {}, reason=found or "its training is no longer in the store; run again")


class _Cell:
    """One trained cell; its model is unpacked, and its codes are read or computed, when they are first needed."""

    def __init__(self, planned: PlannedCell, stored: Stored, job: Job) -> None:
        self.planned, self.stored, self.job = planned, stored, job

    @functools.cached_property
    def context(self) -> Context:
        """The inputs for measuring it."""
        model, config = checkpoint.unpack(self.stored.arrays, self.stored.facts), self.job.plan.config
        codes, key = _encoded(self.planned, model, self.job), jax.random.key(self.planned.cell.seed)
        data, evaluators = self.job.plan.measured, self.job.evaluators
        return Context(key, model, codes, data, evaluators, config.draws, config.decode)

    def absent(self) -> set[str]:
        """The trained strategies whose scores are not in the store."""
        scores = self.planned.score_keys.items()
        found = {name for (name, _), key in scores if not self.job.store.has("score", key)}
        return set(filter(is_trained, found))


def _fit_group(cells: list[_Cell], job: Job) -> list[Fits]:
    """For each cell, the fits of trained strategies whose scores are missing; a fit that fails is left to scoring."""
    fits: list[Fits] = [{} for _ in cells]
    wanted = [cell.absent() for cell in cells]
    names = set().union(*wanted)
    able = []
    for i, cell in enumerate(cells):
        with contextlib.suppress(Exception):  # measuring the cell reports the error
            if wanted[i] and cell.context.encoded is not None:
                able.append(i)
    contexts = [cells[i].context for i in able]
    found = fit_trained(
        [context.key for context in contexts],
        [context.encoded for context in contexts if context.encoded is not None],
        strategies=[name for name in job.plan.config.strategies if name in names],
        fits=job.plan.config.fits,
    )
    for i, own in zip(able, found, strict=True):
        fits[i] = own
    return fits


def _measure(cell: _Cell, fitted: Fits) -> Outcome:
    """Measure one trained cell, except what is stored already."""
    planned, stored, job = cell.planned, cell.stored, cell.job
    facts, losses = dict(stored.facts), stored.arrays["losses"]
    parts: dict[tuple[str, str], Measured] = {}
    seconds, own = 0.0, False
    try:
        for unit in reversed(planned.units) if job.backwards else planned.units:
            found = job.store.get(*unit)
            if found is None:
                own, began = True, time.perf_counter()
                part = _compute(cell, *unit, fitted=fitted)
                found = _packed(part, time.perf_counter() - began, planned.encode_key)
                if part.final:
                    job.store.put(*unit, found.arrays, found.facts)
            else:
                part = _unpacked(found)
            parts[unit] = part
            seconds += found.facts["seconds"]
    except FileError:
        raise
    except Exception as error:
        return Outcome(planned, facts, losses, reason=f"evaluation stopped: {said(error)}")
    job.count.scored += own
    whole = Evaluation.of([parts[unit] for unit in planned.units])
    return Outcome(planned, {**facts, "evaluate_seconds": seconds}, losses, whole)


def _compute(cell: _Cell, stage: str, key: str, *, fitted: Fits) -> Measured:
    config = cell.job.plan.config
    match stage:
        case "latents":
            return measure_latents(cell.context, density_draws=config.density_draws)
        case "likelihood":
            return measure_likelihood(cell.context, config.likelihood)
        case "quality":
            return measure_quality(cell.context)
    name, fit = next(of for of, score_key in cell.planned.score_keys.items() if score_key == key)
    return score(cell.context, name, fit, ready=fitted.get((name, fit)))


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


def _encoded(planned: PlannedCell, model: TrainedModel, job: Job) -> Encoded | None:
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
