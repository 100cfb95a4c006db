"""Helpers: on a CPU, other processes measure cells of the same plan beside this one, so that every core has work.

A helper makes the plan again, and reads trained cells from the store and writes scores to it. The store's claims divide
the work. So a helper changes no result, and one that dies costs time only: what it did not store is measured by the
process that started it.
"""

import contextlib
import dataclasses
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator

import jax

from study.pipeline.executors.work import Work
from study.pipeline.job import Job
from study.pipeline.measuring import outcomes
from study.runtime.environment import blas_threads, cores, free_memory, peak_memory
from study.runtime.programs import kept_programs

FEWEST = 4  # cells for each process that are worth the seconds which importing and compiling take
_NUMBERS = (  # settings of JAX on which results depend
    "jax_num_cpu_devices",
    "jax_enable_x64",
    "jax_default_matmul_precision",
    "jax_default_prng_impl",
    "jax_threefry_partitionable",
)


@contextlib.contextmanager
def helpers(job: Job, cells: int) -> Iterator[None]:
    """Within this context other processes help with measuring, if so many cells are worth it.

    At the end those that are not finished are stopped; what the others have measured counts as measured by this run.
    """
    running = [_started(job) for _ in range(_worthwhile(cells))]
    try:
        with blas_threads(1):  # with helpers or without, so that the last bits of scores are the same
            yield
        for process in running:
            scored, memory = _said(process)
            job.count.scored += scored
            job.count.memory += memory
    finally:
        for process in running:
            process.kill()
            with contextlib.suppress(OSError), process:  # close its pipes
                pass


def _said(process: "subprocess.Popen[bytes]") -> tuple[int, int]:
    """The cells that a helper has measured and its memory, if it ends within seconds, as when nothing is left to do."""
    try:
        process.wait(timeout=5)
        assert process.stdout is not None
        scored, memory = map(int, process.stdout.read().split())
    except (subprocess.TimeoutExpired, ValueError):
        return 0, 0
    return scored, memory


def _worthwhile(cells: int) -> int:
    """How many helpers: none on an accelerator, which processes cannot share; not more than memory has room for."""
    if jax.default_backend() != "cpu":
        return 0
    return max(0, min(cores(), cells // FEWEST, 1 + free_memory() // (2 * peak_memory())) - 1)


def _started(job: Job) -> "subprocess.Popen[bytes]":
    # A process of its own, so that Ctrl-C reaches this one alone; it ends when its standard input does. The same places
    # for imports, and not the current folder, whose files could have the names of packages.
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", f"from {__name__} import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "JAX_PLATFORMS": "cpu"},
    )
    threading.Thread(
        target=_tell, args=(process, job), daemon=True
    ).start()  # it reads when it has imported everything
    return process


def _tell(process: "subprocess.Popen[bytes]", job: Job) -> None:
    settings = {name: jax.config.values[name] for name in _NUMBERS}
    settings["jax_num_cpu_devices"] = len(jax.devices())
    assert process.stdin is not None
    with contextlib.suppress(OSError):  # it died
        pickle.dump(settings, process.stdin)
        pickle.dump(Work.of(job), process.stdin)
        process.stdin.flush()


def main() -> None:
    """Measure what nobody else has claimed; print how many cells that were, and the most memory it took, in bytes."""
    given = sys.stdin.buffer
    for name, value in pickle.load(given).items():
        jax.config.update(name, value)
    work: Work = pickle.load(given)
    threading.Thread(target=_end_with, args=(given.fileno(),), daemon=True).start()
    with blas_threads(1), kept_programs(work.store.programs):
        job = work.job()
        if job is None:
            return
        trained = [(one, "") for one in job.plan.cells if job.store.has("train", one.train_key)]
        for _ in outcomes(trained, dataclasses.replace(job, backwards=True), wait=False):
            pass
    print(job.count.scored, peak_memory())


def _end_with(descriptor: int) -> None:
    """End this process when the one that started it has closed its side of a pipe, or is gone."""
    os.read(descriptor, 1)
    os._exit(1)
