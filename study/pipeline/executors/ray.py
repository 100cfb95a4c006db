"""Cells on the machines of a Ray cluster, one processor core or accelerator each, over a store that all of them see.

A task trains and measures a few cells and writes them to the store; Ray runs it again on another machine if its own
dies. This machine then reads the store, and computes what no task has finished. So a cluster changes where numbers are
computed, and none of them.
"""

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

import jax
from threadpoolctl import threadpool_limits

from study.errors import StudyError
from study.pipeline.executors.work import Work
from study.pipeline.job import Job
from study.pipeline.measuring import GROUP, outcomes
from study.pipeline.plan import PlannedCell
from study.pipeline.training import train
from study.runtime.checks import said
from study.runtime.programs import kept_programs
from study.runtime.progress import Progress

RETRIES = 10  # deaths of its machine that a task survives
WAIT = 5.0  # seconds between two looks at the cluster


def fill(job: Job, cells: Sequence[PlannedCell], *, address: str, label: str) -> None:
    """Let a cluster compute these cells into the store.

    Args:
        job: the job; its feature extractors are in the store.
        cells: those to compute.
        address: of the cluster, "auto" for the one of this machine; empty starts one here.
        label: of the progress.

    Raises:
        StudyError: there is no cluster at the address.
    """
    if not cells:
        return
    with _connected(address) as ray, Progress(len(cells), f"{label}, on a Ray cluster") as progress:
        accelerators = ray.cluster_resources().get("GPU", 0)
        task = ray.remote(max_retries=RETRIES, **({"num_gpus": 1} if accelerators else {"num_cpus": 1}))(
            _computed
        )
        work, size = ray.put(Work.of(job)), max(job.plan.batching.width, GROUP)
        places = [job.plan.cells.index(one) for one in cells]
        share = max(1, math.ceil(len(places) / max(accelerators or ray.cluster_resources().get("CPU", 1), 1)))
        size = min(size, share)
        waiting = {
            task.remote(work, places[i : i + size]): places[i : i + size] for i in range(0, len(places), size)
        }
        while waiting:
            ended, _ = ray.wait(list(waiting), timeout=WAIT)
            for one in ended:
                group = waiting.pop(one)
                trained, scored, note = _result(ray, one)
                job.count.trained += trained
                job.count.scored += scored
                for _ in group:
                    progress.advance(note)


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Any]:
    import ray

    ours = not ray.is_initialized()
    place: dict[str, Any] = {"address": address} if address else {"include_dashboard": False}
    try:
        if ours:
            ray.init(log_to_driver=False, **place)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise StudyError(
            f"address {address}: no Ray cluster there ({said(error)}); `ray start` begins one"
        ) from error
    try:
        yield ray
    finally:
        if ours:
            ray.shutdown()


def _result(ray: Any, one: Any) -> tuple[int, int, str]:
    """What a task has returned; a task that Ray gave up has computed nothing, and its cells are computed here."""
    try:
        trained, scored, note = ray.get(one)
    except Exception as error:  # its machines died, or its memory was short
        return 0, 0, f"left to this machine: {said(error)}"
    return trained, scored, note


def _computed(work: Work, places: Sequence[int]) -> tuple[int, int, str]:
    """Train and measure some cells; returns how many were trained and scored here, and what went wrong as a text.

    Errors are texts, since not every error survives being sent.
    """
    with contextlib.suppress(RuntimeError):  # JAX has started in an earlier task of this process
        jax.config.update("jax_num_cpu_devices", 1)
    try:
        with threadpool_limits(1), kept_programs(work.store.programs):
            job = _job(work)
            if job is None:
                return 0, 0, "left to this machine: the versions of the package or its libraries differ there"
            before = job.count.trained, job.count.scored
            cells = [job.plan.cells[place] for place in places]
            absent = [one for one in cells if not job.store.has("train", one.train_key)]
            failed = {planned.run_id: reason for planned, reason in train(absent, job)}
            found = list(outcomes([(one, failed.get(one.run_id, "")) for one in cells], job))
            notes = [f"failed: {one.failure}" for one in found if one.failure]
            return job.count.trained - before[0], job.count.scored - before[1], "; ".join(notes[:1])
    except Exception as error:
        return 0, 0, f"left to this machine: {said(error)}"


def _job(work: Work) -> Job | None:
    """The job, made once in each process."""
    found = _JOBS.get(work.keys)
    if found is None:
        found = _JOBS[work.keys] = work.job()
    return found


_JOBS: dict[tuple[str, ...], Job | None] = {}
