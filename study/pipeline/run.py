"""plan → train → encode → measure → outcomes: computes what is missing from the store.

Several processes may run one plan on one store: work that another one has claimed is left to it, and awaited at the
end.
"""

import contextlib
import dataclasses
import time

from study.metrics.evaluate import evaluators
from study.metrics.reference import FeatureExtractor
from study.pipeline.executors import LOCAL, Executor
from study.pipeline.executors.local import helpers
from study.pipeline.extractor import feature_extractors
from study.pipeline.finished import done
from study.pipeline.job import Count, Job, Outcome
from study.pipeline.measuring import outcomes
from study.pipeline.plan import Plan
from study.pipeline.store import Store
from study.pipeline.training import train
from study.runtime.environment import peak_memory
from study.runtime.programs import kept_programs
from study.runtime.progress import Progress, stage
from study.training import checkpoint
from study.training.model import TrainedModel


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """All outcomes of a plan in its order, and facts about the run as a whole."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    extractors: tuple[FeatureExtractor, ...]
    seconds: float
    peak_memory_bytes: int
    count: Count

    @property
    def failed(self) -> list[Outcome]:
        """Cells that failed, or of which a strategy failed."""
        return [outcome for outcome in self.outcomes if outcome.failure]


def execute(
    plan: Plan, store: Store, *, label: str = "study", fail_fast: bool = False, executor: Executor = LOCAL
) -> Run:
    """Train, encode and measure what the store does not hold.

    A cell that fails has an outcome with the reason. Failed cells and strategies are never stored as done. After a
    failure the other cells are computed, unless `fail_fast` is set. What an `executor`
    elsewhere leaves is computed here.

    Raises:
        FileError: the store cannot be read or written; finished work stays in it.
    """
    began = time.perf_counter()
    extractors: tuple[FeatureExtractor, ...] = ()
    if plan.config.strategies:
        with stage(f"{label}: feature extractors"):
            extractors = feature_extractors(plan, store)
    made = (
        evaluators(plan.measured, extractors, n=plan.n_samples, pictured=plan.pictured) if extractors else ()
    )
    job = Job(plan, store, made, Count())
    if executor.name == "ray":
        from study.pipeline.executors.ray import fill  # an extra of the package

        fill(job, [one for one in plan.cells if not done(one, store)], address=executor.address, label=label)
    reasons = _train(job, label, fail_fast=fail_fast)
    cells = [(planned, reasons.get(planned.run_id, "")) for planned in plan.cells]
    ended: dict[str, Outcome] = {}
    with (
        helpers(job, sum(not reason and not done(planned, store) for planned, reason in cells)),
        Progress(len(cells), f"{label}, measuring") as progress,
        contextlib.closing(outcomes(cells, job)) as found,
    ):
        for outcome in found:
            ended[outcome.planned.run_id] = outcome
            progress.advance(f"failed: {outcome.failure}" if outcome.failure else "")
            if outcome.failure and fail_fast:
                break
    ordered = tuple(ended[planned.run_id] for planned in plan.cells if planned.run_id in ended)
    memory = peak_memory() + job.count.memory
    return Run(plan, ordered, extractors, time.perf_counter() - began, memory, job.count)


def trained(plan: Plan, store: Store, *, label: str = "study") -> dict[str, TrainedModel]:
    """The models of a plan by `run_id`, trained where the store does not hold them; those that failed are left out.

    Raises:
        FileError: the store cannot be read or written.
    """
    store.prepare()
    with kept_programs(store.programs):
        _train(Job(plan, store, (), Count()), label, fail_fast=False)
    stored = {planned.run_id: store.get("train", planned.train_key) for planned in plan.cells}
    return {run: checkpoint.unpack(one.arrays, one.facts) for run, one in stored.items() if one is not None}


def _train(job: Job, label: str, *, fail_fast: bool) -> dict[str, str]:
    """Train every cell that is not in the store; returns, by run, why some failed."""
    absent = [one for one in job.plan.cells if job.store.get("train", one.train_key) is None]
    reasons: dict[str, str] = {}
    if not absent:
        return reasons
    with (
        Progress(len(absent), f"{label}, training") as progress,
        contextlib.closing(train(absent, job)) as ended,
    ):
        for planned, reason in ended:
            progress.advance(f"failed: {reason}" if reason else "")
            if reason:
                reasons[planned.run_id] = reason
                if fail_fast:
                    break
    return reasons
