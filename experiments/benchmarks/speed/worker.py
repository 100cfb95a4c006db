"""A process for each implementation: it prepares the work once and then times one call after the other.

Between its turns it sleeps, so that pairs of calls are interleaved without sharing a process, its threads or its peak
of memory.
"""

import contextlib
import importlib
import math
import multiprocessing
import os
import resource
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from experiments.benchmarks.speed.cases import Arrays, Call, Side
from study.errors import StudyError

MIB = 2**20


@contextlib.contextmanager
def worker(side: Side, arrays: Path) -> Iterator[Connection]:
    """A process that is ready to work; see `measure`.

    Raises:
        StudyError: preparing it failed.
    """
    here, there = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_work, args=(there, side.make, dict(side.settings), arrays)
    )
    process.start()
    there.close()
    try:
        _answer(here, side)
        yield here
    finally:
        here.close()
        process.join()


def measure(connection: Connection, side: Side) -> dict[str, float]:
    """One call: seconds, cpu_seconds over all cores, others (cores that other processes used), peak_mib, own facts.

    Raises:
        StudyError: it failed.
    """
    connection.send("go")
    return _answer(connection, side)


def _answer(connection: Connection, side: Side) -> dict[str, float]:
    try:
        kind, found = connection.recv()
    except EOFError:
        raise StudyError(f"speed: the process of {side.name} ended; was there enough memory?") from None
    if kind == "error":
        raise StudyError(f"speed: {side.name} failed at {side.make}: {found}")
    return found


def _work(connection: Connection, make: str, settings: Mapping[str, Any], path: Path) -> None:
    """The process's own side: prepare, answer, then one call for each message until the other end is closed."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.suppress(EOFError, BrokenPipeError):
        os.chdir(scratch)  # for what peers write
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        try:
            with np.load(path) as arrays:
                call = load(make)(dict(arrays), **settings)
            connection.send(("ready", {}))
            while connection.recv():
                connection.send(("done", _timed(call)))
        except EOFError:
            raise
        except BaseException:
            connection.send(("error", traceback.format_exc()))
        finally:
            os.chdir("/")


def load(make: str) -> Any:
    """The function that "module:function" names."""
    module, name = make.split(":")
    return getattr(importlib.import_module(f"experiments.benchmarks.speed.{module}"), name)


def _timed(call: Call) -> dict[str, float]:
    _forget_peak()
    before = peak_mib()
    began, own, whole = time.perf_counter(), _busy(), _machine()
    facts = call()
    seconds, cpu, all_cpu = time.perf_counter() - began, _busy() - own, _machine() - whole
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "others": max(all_cpu - cpu, 0.0) / seconds,
        "peak_mib": peak_mib(),
        "start_mib": before,
        **(facts or {}),
    }


def _busy() -> float:
    """Processor seconds of this process and of all that it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(use.ru_utime + use.ru_stime for use in both)


def _machine() -> float:
    """Processor seconds of everything on this machine, also of other guests of it; NaN where Linux does not tell."""
    try:
        user, nice, system, _, _, irq, softirq, steal = map(
            int, Path("/proc/stat").read_text().split(maxsplit=9)[1:9]
        )
    except (OSError, ValueError):
        return math.nan
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mib() -> float:
    """The most memory that this process has held since the last call began; NaN where Linux does not tell.

    Not `ru_maxrss`, which a process inherits from the one that started it.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 / MIB
    except (OSError, StopIteration):
        return math.nan


def save(arrays: Arrays, folder: Path) -> Path:
    """The arrays in a file that every side reads."""
    path = folder / "arrays.npz"
    np.savez(path, **dict[str, Any](arrays))
    return path
