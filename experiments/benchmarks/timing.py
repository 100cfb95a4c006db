"""Shared by the benchmark scripts: timing of two implementations in turn, and a table of the ratios."""

import argparse
import dataclasses
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from study.runtime.environment import describe, peak_memory


@dataclasses.dataclass(frozen=True)
class Timing:
    """One case, the study's implementation against another: medians over the repeats.

    Attributes:
        case: what was measured.
        seconds, other_seconds: wall-clock time.
        ratio, low, high: how many times faster the study's is by wall-clock time: median, smallest and largest.
        cpu_seconds, other_cpu_seconds: processor time over all cores, which other processes disturb less.
        error: largest absolute difference from the right values.
    """

    case: str
    seconds: float
    other_seconds: float
    ratio: float
    low: float
    high: float
    cpu_seconds: float
    other_cpu_seconds: float
    error: float


def arguments(description: str | None) -> argparse.Namespace:
    """The flags of a benchmark script: `repeats` and `out`."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"))
    return parser.parse_args()


def in_turn(
    case: str,
    way: Callable[[], object],
    other: Callable[[], object],
    *,
    repeats: int,
    error: float,
    scale: float = 1.0,
) -> Timing:
    """Time both implementations in turn, after one warm-up each; `scale` multiplies the other's seconds."""
    runs = np.array([[_timed(way), scale * _timed(other)] for _ in range(repeats + 1)])[1:]
    (seconds, cpu), (other_seconds, other_cpu) = np.median(runs, axis=0)
    ratios = runs[:, 1, 0] / runs[:, 0, 0]
    spread = float(np.median(ratios)), ratios.min(), ratios.max()
    return Timing(case, seconds, other_seconds, *spread, cpu, other_cpu, error)


def _timed(way: Callable[[], object]) -> np.ndarray:
    began = np.array([time.perf_counter(), time.process_time()])
    way()
    return np.array([time.perf_counter(), time.process_time()]) - began


def write(name: str, other: str, rows: Sequence[Timing], *, folder: Path) -> None:
    """Print and write a table of rows of `in_turn`; see `write_table`."""
    table = pd.DataFrame([dataclasses.asdict(row) for row in rows])
    table.columns = table.columns.str.replace("other_", f"{other}_")
    write_table(name, table, folder=folder)


def write_table(name: str, table: pd.DataFrame, *, folder: Path) -> None:
    """Print a table and write it as `<name>.csv`, with machine, load and memory in `<name>.json`."""
    print(table.to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / f"{name}.csv", index=False, float_format="%.6g")
    facts = {**describe(), "load": os.getloadavg(), "peak_memory_bytes": peak_memory()}
    (folder / f"{name}.json").write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")
    print(f"load {facts['load'][0]:.1f}, peak memory {facts['peak_memory_bytes'] / 2**20:.0f} MiB")


def timed(way: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall-clock time, and of processor time over all cores."""
    seconds, cpu = _timed(way)
    return float(seconds), float(cpu)
