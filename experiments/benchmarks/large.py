"""Does the memory for training and encoding stay the same from 60,000 to 1,000,000 rows on disk, and at what speed?

Rows of 784 bytes, as images of 28×28. Each case runs in a process of its own: `study.open_dataset`, two trainings of
one epoch of a VAE (784-512-16, batch 128), and `study.encode` of all training rows to a file. Memory is the largest
anonymous resident memory (RssAnon of Linux): what the process has allocated. The whole resident size, `resident_mb`,
also counts pages of the file that happen to be mapped, which the system takes back when it needs them. Up to 250,000
rows, the same is done for comparison with data in memory, from `study.load_dataset`.

    python experiments/benchmarks/large.py             minutes on two cores, 1 GB of disk; writes results/benchmarks/
    python experiments/benchmarks/large.py --rows 60000
"""

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd

from experiments.benchmarks.written import write_table

ROWS, SIDE, LATENT, HIDDEN, BATCH = (60_000, 250_000, 1_000_000), 28, 16, 512, 128
IN_MEMORY = 250_000  # rows, at most
SAMPLED = 0.02  # seconds between two looks at the memory


@dataclasses.dataclass(frozen=True)
class Cost:
    """One process.

    Attributes:
        rows: of the file, of which 5/9 are trained on.
        way: "disk" or "memory".
        started_mb: anonymous memory before the data are opened, with everything imported.
        anonymous_mb: its largest value.
        resident_mb: the largest resident size, with pages of the file.
        open_seconds: the pass over the file, or reading it into memory.
        compile_seconds: by how much the first epoch took longer than the second.
        epoch_seconds: one epoch and the check after it.
        steps: of that epoch.
        step_ms: milliseconds per step.
        encode_seconds: of all training rows, written to a file.
    """

    rows: int
    way: str
    started_mb: float
    anonymous_mb: float
    resident_mb: float
    open_seconds: float
    compile_seconds: float
    epoch_seconds: float
    steps: int
    step_ms: float
    encode_seconds: float


def make(path: Path, rows: int) -> None:
    """Smooth pictures with noise, written in blocks."""
    rng = np.random.default_rng(0)
    grid = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (rows, SIDE, SIDE)}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, rows, 10_000):
            n = min(10_000, rows - start)
            centre, width = rng.uniform(8, 20, (n, 2, 1, 1)), rng.uniform(10, 60, (n, 1, 1))
            distance = np.square(grid - centre.astype(np.float32)).sum(axis=1)
            picture = 235 * np.exp(-distance / width) + 20 * rng.random((n, SIDE, SIDE), np.float32)
            file.write(picture.astype(np.uint8).data)


def memory(field: str) -> float:
    """A field of this process's memory in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:")) / 1024


class Peak(threading.Thread):
    """The largest anonymous memory until `stop`."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.largest, self._done = 0.0, threading.Event()

    def run(self) -> None:
        """Look again and again."""
        while not self._done.wait(SAMPLED):
            self.largest = max(self.largest, memory("RssAnon"))

    def stop(self) -> float:
        """The largest value, in MB."""
        self._done.set()
        self.join()
        return self.largest


def measure(path: Path, way: str) -> Cost:
    """Open, train and encode in this process."""
    import warnings

    import study

    warnings.simplefilter("ignore")  # one epoch is not enough, and is not meant to be
    opened_by = {"disk": study.open_dataset, "memory": study.load_dataset}[way]
    train, encode = study.train, study.encode  # imported before the memory is looked at
    started = memory("RssAnon")
    peak = Peak()
    peak.start()
    times = [time.perf_counter()]
    data = opened_by(path)
    times.append(time.perf_counter())
    config = study.VAEConfig(latent_dim=LATENT, hidden=(HIDDEN,))
    settings = study.TrainConfig(steps=1, batch_size=BATCH)
    train(data, config, training=settings)
    times.append(time.perf_counter())
    model = train(data, config, training=settings)
    times.append(time.perf_counter())
    encode(model, data.train, out=path.with_name("codes.npy"))
    times.append(time.perf_counter())
    opened, first, epoch, encoded = np.diff(times)
    steps = settings.steps_per_epoch(len(data.train))
    rows = len(np.load(path, mmap_mode="r"))
    largest = peak.stop()
    return Cost(
        rows,
        way,
        started,
        largest,
        memory("VmHWM"),
        opened,
        first - epoch,
        epoch,
        steps,
        1e3 * epoch / steps,
        encoded,
    )


def apart(path: Path, way: str) -> Cost:
    """`measure` in a process of its own."""
    command = [sys.executable, "-m", "experiments.benchmarks.large", "--one", str(path), way]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"))
    parser.add_argument("--one", nargs=2, metavar=("FILE", "WAY"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        print(json.dumps(dataclasses.asdict(measure(Path(chosen.one[0]), chosen.one[1]))))
    else:
        found = []
        with tempfile.TemporaryDirectory() as folder:
            for rows in chosen.rows:
                make(Path(folder) / "x.npy", rows)
                for way in ("disk", "memory") if rows <= IN_MEMORY else ("disk",):
                    found.append(apart(Path(folder) / "x.npy", way))
                    print(found[-1], flush=True)
        write_table("large", pd.DataFrame([dataclasses.asdict(one) for one in found]), folder=chosen.out)
