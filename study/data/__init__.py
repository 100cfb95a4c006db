"""Where data come from: a registry of named datasets, and a user's own files by path."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from study.data import co2, digits, etth1, fashion_mnist, gaussian, mnist
from study.data.arrays import FORMS, load_path
from study.data.base import Dataset
from study.errors import StudyError

__all__ = ["DATASETS", "Dataset", "DatasetEntry", "load_dataset"]


class Load(Protocol):
    """Makes a dataset; `seed` decides whatever is random about it."""

    def __call__(self, *, seed: int) -> Dataset:
        """The dataset, split."""
        ...


@dataclasses.dataclass(frozen=True)
class DatasetEntry:
    """One line of the registry.

    Attributes:
        name: what the user types.
        summary: one line.
        source: who made the data.
        load: makes the dataset, downloading it where need be.
    """

    name: str
    summary: str
    source: str
    load: Load


DATASETS: Mapping[str, DatasetEntry] = MappingProxyType(
    {
        "digits": DatasetEntry("digits", digits.SUMMARY, digits.SOURCE, digits.load),
        "mnist": DatasetEntry("mnist", mnist.SUMMARY, mnist.SOURCE, mnist.load),
        "fashion-mnist": DatasetEntry(
            "fashion-mnist", fashion_mnist.SUMMARY, fashion_mnist.SOURCE, fashion_mnist.load
        ),
        "gaussian": DatasetEntry("gaussian", gaussian.SUMMARY, gaussian.SOURCE, gaussian.load),
        "co2": DatasetEntry("co2", co2.SUMMARY, co2.SOURCE, co2.load),
        "etth1": DatasetEntry("etth1", etth1.SUMMARY, etth1.SOURCE, etth1.load),
    }
)


def load_dataset(name: str | os.PathLike[str], *, seed: int = 0) -> Dataset:
    """A dataset by registered name, or the user's own by path.

    Args:
        name: a key of `DATASETS`, or the path of an .npz, .npy or .csv file or of a folder of idx(.gz) files;
            `study.data.arrays.from_arrays` says what they hold and how they are split and scaled. A .toml file
            describes windows over a .csv file (`study.data.windows`).
        seed: decides the split; the same seed always gives the same dataset, down to its fingerprint.

    Raises:
        StudyError: neither a name nor a path, or data that cannot be had or used.
    """
    if seed < 0:
        raise StudyError(f"dataset {str(name)!r}: seed is {seed}; give 0 or more")
    entry = DATASETS.get(os.fspath(name))
    if entry is not None:
        return entry.load(seed=seed)
    path = Path(name).expanduser()
    if not path.exists():
        raise StudyError(
            f"unknown dataset {str(name)!r}, and no file or folder of that name; "
            f"give one of {', '.join(DATASETS)}, or a path: {FORMS}"
        )
    return load_path(path, seed=seed)
