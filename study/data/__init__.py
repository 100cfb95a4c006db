"""Data sets: a registry of named ones, and a user's own files by path."""

import dataclasses
import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from study.config.data import DataConfig
from study.config.serialise import from_dict
from study.data.base import Dataset
from study.data.large import LargeDataset
from study.data.own.loading import FORMS, load_path
from study.data.own.on_disk import open_path
from study.data.own.opening import find, own_path, told_path
from study.data.sources import co2, colour_patches, digits, etth1, fashion_mnist, gaussian, mnist
from study.errors import StudyError
from study.runtime.checks import shown, whole_number
from study.runtime.limits import byte_limit

__all__ = ["DATASETS", "Dataset", "DatasetEntry", "LargeDataset", "load_dataset", "open_dataset"]


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
    seed = _seed(seed, name)
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


def open_dataset(path: str | os.PathLike[str], *, seed: int = 0, **options: Any) -> LargeDataset:
    """A user's data that may be larger than memory: they stay on disk, and are trained on and encoded from there.

    The files are read once, from beginning to end, for the fingerprint, the extremes of every column in every split
    and its mean and variance in train; from these, splits, layout and scaling are decided as `load_dataset` decides
    them. `study.train` and `study.encode` take the result; `sample` gives a part of it in memory for everything else.

    Args:
        path: an .npy file, a folder of .npy files (their rows one after the other in the order of their names; labels
            `[N]` in `y.npy` or `labels.npy`), or a folder of PNG or JPEG pictures, its sub-folders as classes.
        seed: decides the split, as in `load_dataset`.
        options: settings of a user's own data as in `load_dataset`; windows of a time series cannot stay on disk.

    Raises:
        StudyError: no path, an unknown option or one without effect, or data that cannot be read or used.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str) or not os.fspath(path):
        raise StudyError(f"open_dataset: expected a path, got {shown(path)}; give one as text")
    chosen = from_dict(DataConfig, options, where="open_dataset")
    return open_path(own_path(path), seed=_seed(seed, path), options=chosen)


def _seed(seed: Any, name: str | os.PathLike[str]) -> int:
    told = f"dataset {shown(os.fspath(name))}: seed"
    if isinstance(seed, int) and seed < 0:
        raise StudyError(f"{told} is {shown(seed)}; give 0 or more")
    return whole_number(seed, name=told)
