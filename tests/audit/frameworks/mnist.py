"""MNIST in [0, 1] from the official files, with NumPy alone, for scripts that import nothing of the project."""

import argparse
import gzip
from pathlib import Path

import numpy as np


def arguments() -> argparse.Namespace:
    """The folder of MNIST, the folder to write, rows and epochs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("mnist", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--epochs", type=int, default=3)
    return parser.parse_args()


def load(folder: Path, rows: int, shape: tuple[int, ...]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Images float32 and labels of train and test, at most `rows` of each."""
    found = {}
    for split, name in (("train", "train"), ("test", "t10k")):
        with gzip.open(folder / f"{name}-images-idx3-ubyte.gz") as file:
            images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, *shape)[:rows]
        with gzip.open(folder / f"{name}-labels-idx1-ubyte.gz") as file:
            labels = np.frombuffer(file.read(), np.uint8, offset=8)[:rows]
        found[split] = (images / np.float32(255), labels)
    return found


def save(data: dict[str, tuple[np.ndarray, np.ndarray]], out: Path) -> None:
    """Write train.npz and test.npz, as `study audit` reads them."""
    out.mkdir(parents=True, exist_ok=True)
    for split, (x, y) in data.items():
        np.savez(out / f"{split}.npz", x=x, y=y)
