"""What the benchmark scripts share: a table with the machine that it was measured on, and timing."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from study.runtime.environment import describe, peak_memory


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
    began, cpu = time.perf_counter(), time.process_time()
    way()
    return time.perf_counter() - began, time.process_time() - cpu
