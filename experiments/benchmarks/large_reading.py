"""How long does a batch of 128 random rows of a memory map take: read plainly, by our threads, or by grain?

One million rows of 784 bytes, scaled to float32 as for training, read in the order of an epoch. Our threads read blocks
of ten batches. grain is given one element for each row, which it batches, as its documentation does; or one for each
batch. A training step of a VAE (784-512-16) takes between 1 and 2 ms. Needs `pip install grain`.

    python experiments/benchmarks/large_reading.py     a minute, 1 GB of disk; writes results/benchmarks/
"""

import argparse
import dataclasses
import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grain
import numpy as np
import pandas as pd

from experiments.benchmarks.large import make
from experiments.benchmarks.written import timed, write_table
from study.data.own.mapped import Mapped, map_arrays
from study.data.scaling import Affine
from study.training.streaming import READERS, ahead

ROWS, BATCH, BLOCK, BATCHES = 1_000_000, 128, 10, 2000
SCALE = Affine(0.0, 255.0)
OPTIONS = grain.ReadOptions(num_threads=READERS, prefetch_buffer_size=2 * BLOCK)


@dataclasses.dataclass(frozen=True)
class Reading:
    """One way: wall-clock time and processor time for each batch, in milliseconds."""

    way: str
    batch_ms: float
    cpu_ms: float


@dataclasses.dataclass(frozen=True)
class Elements:
    """What grain reads: element i is made by `make`."""

    count: int
    make: Callable[[int], Any]

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, i: Any) -> Any:
        return self.make(int(i))


def scaled(x: np.ndarray) -> np.ndarray:
    """As `Split` has it."""
    return SCALE.to_model(x.reshape(len(x), -1))


def ways(source: Mapped, order: np.ndarray) -> dict[str, Callable[[], Iterator[Any]]]:
    """Each gives all batches, the second in blocks."""
    flat = order.ravel()

    def read(i: int, count: int = 1) -> np.ndarray:
        return scaled(source.read(order[i : i + count].ravel()))

    rows = Elements(order.size, lambda i: source.read(flat[i : i + 1])[0])
    return {
        "plain": lambda: map(read, range(len(order))),
        "threads": lambda: ahead(functools.partial(read, i, BLOCK) for i in range(0, len(order), BLOCK)),
        "grain, an element a batch": lambda: iter(
            grain.MapDataset.source(Elements(len(order), read)).to_iter_dataset(OPTIONS)
        ),
        "grain, an element a row": lambda: iter(
            grain.MapDataset.source(rows).batch(BATCH).map(scaled).to_iter_dataset(OPTIONS)
        ),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "x.npy", ROWS)
        source, _ = map_arrays(Path(folder) / "x.npy")
        order = np.random.default_rng(0).permutation(ROWS)[: BATCHES * BATCH].reshape(BATCHES, BATCH)
        found = []
        for name, way in ways(source, order).items():
            runs = [timed(lambda way=way: [None for _ in way()]) for _ in range(chosen.repeats + 1)][1:]  # type: ignore[misc]
            found.append(Reading(name, *(1e3 * np.median(runs, axis=0) / BATCHES)))
            print(found[-1], flush=True)
        table = pd.DataFrame([dataclasses.asdict(one) for one in found])
        write_table("large_reading", table.assign(grain=grain.__version__), folder=chosen.out)
