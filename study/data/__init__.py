"""Data sets: a registry of named ones, and a user's own files by path."""

import dataclasses
import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from study.config.data import DataConfig
from study.config.serialise import from_dict
from study.data.base import Dataset
from study.data.own.loading import FORMS, load_path
from study.data.own.opening import find, own_path, told_path
from study.data.sources import co2, colour_patches, digits, etth1, fashion_mnist, gaussian, mnist
from study.errors import StudyError
from study.runtime.checks import shown, whole_number
from study.runtime.limits import byte_limit

__all__ = ["DATASETS", "Dataset", "DatasetEntry", "load_dataset"]


@runtime_checkable
class Load(Protocol):
    """Makes a dataset; all that is random about it is decided by `seed`."""

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
        load: makes the dataset, downloading it if necessary.
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
        "colour-patches": DatasetEntry(
            "colour-patches", colour_patches.SUMMARY, colour_patches.SOURCE, colour_patches.load
        ),
        "gaussian": DatasetEntry("gaussian", gaussian.SUMMARY, gaussian.SOURCE, gaussian.load),
        "co2": DatasetEntry("co2", co2.SUMMARY, co2.SOURCE, co2.load),
        "etth1": DatasetEntry("etth1", etth1.SUMMARY, etth1.SOURCE, etth1.load),
    }
)


def load_dataset(
    name: str | os.PathLike[str], *, seed: int = 0, max_bytes: int | None = None, **options: Any
) -> Dataset:
    """A dataset by registered name, or the user's own by path.

    Args:
        name: a key of `DATASETS`, or the path of a file or folder: .npz, .npy, .csv and the like, PNG or JPEG pictures,
            idx(.gz) files; `study.data.own.arrays.from_arrays` says what they hold and how they are split and scaled.
            A .toml file describes windows over a .csv file (`study.data.windows`).
        seed: decides the split; the same seed always gives the same dataset, with the same fingerprint.
        max_bytes: the largest unpacked size of a user's file or folder, `study.runtime.limits.MAX_BYTES` by default;
            checked before memory is allocated. Data sets with a name are not limited.
        options: settings of a user's own data, `study.config.data.DataConfig`: label, kind, scale, layout, size.

    Raises:
        StudyError: neither a name nor a path, an unknown option or one without effect, or data that cannot be read,
            downloaded or used.
    """
    known = f"give one of {', '.join(DATASETS)}, or a path: {FORMS}"
    if not isinstance(name, str | os.PathLike) or not isinstance(os.fspath(name), str) or not os.fspath(name):
        raise StudyError(f"dataset: expected a name or a path, got {shown(name)}; {known}")
    told = f"dataset {shown(os.fspath(name))}: seed"
    if isinstance(seed, int) and seed < 0:
        raise StudyError(f"{told} is {shown(seed)}; give 0 or more")
    seed = whole_number(seed, name=told)
    limit = byte_limit(max_bytes)
    chosen = from_dict(DataConfig, options, where="load_dataset")
    entry = DATASETS.get(os.fspath(name))
    if entry is not None:
        chosen.refuse(*chosen.given, where=entry.name, why="a data set with a name")
        return entry.load(seed=seed)
    path = own_path(name)
    if find(path) is None:
        raise StudyError(f"unknown dataset '{told_path(name)}', and no file or folder of that name; {known}")
    try:
        return load_path(path, seed=seed, max_bytes=limit, options=chosen)
    except MemoryError as error:
        raise StudyError(f"{told_path(path)}: needs more memory than is available; give less data") from error
