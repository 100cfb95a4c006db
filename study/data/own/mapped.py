"""Arrays in .npy files that stay on disk, as memory maps: one file, or the rows of all files of a folder."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from study.data.own import npy
from study.data.own.opening import find, listed_folder, open_regular, told_path
from study.data.own.table_file import one_line
from study.errors import StudyError

LABELS = ("y.npy", "labels.npy")


@dataclasses.dataclass(frozen=True, eq=False)
class Mapped:
    """The rows of several arrays, one after the other.

    Attributes:
        paths: of the files.
        maps: their values, `[n, ...]`, of one type and one shape of an example.
        stamps: size and time of change of each file when it was opened.
    """

    paths: tuple[Path, ...]
    maps: tuple[np.ndarray, ...]
    stamps: tuple[tuple[int, int], ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """`(N, ...)` of all examples."""
        return (sum(map(len, self.maps)), *self.maps[0].shape[1:])

    @property
    def dtype(self) -> np.dtype:
        """Type of a value."""
        return self.maps[0].dtype

    def read(self, rows: np.ndarray) -> np.ndarray:
        """These examples, `[n, ...]`.

        Raises:
            StudyError: a file has changed since it was opened; reading on might end the process.
        """
        ends = np.cumsum([len(one) for one in self.maps])
        part = np.searchsorted(ends, rows, side="right")
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for i in np.unique(part):
            if _stamp(self.paths[i]) != self.stamps[i]:
                raise StudyError(
                    f"{told_path(self.paths[i])}: has changed since it was opened; start again when it is complete"
                )
            own = part == i
            found[own] = self.maps[i][rows[own] - (ends[i] - len(self.maps[i]))]
        return found


def map_arrays(path: Path) -> tuple[Mapped, np.ndarray | None]:
    """The array of an .npy file, or the arrays of all .npy files of a folder in the order of their names; and labels.

    Labels `[N]` are those in a file `y.npy` or `labels.npy` of the folder; None if there is none.

    Raises:
        StudyError: a file is no array of numbers, or damaged; files differ in type or in the shape of an example.
    """
    if not path.is_dir():
        return _joined([path]), None
    files = [
        one for one in listed_folder(path) if one.suffix.lower() == ".npy" and not one.name.startswith(".")
    ]
    labels = [one for one in files if one.name in LABELS]
    files = [one for one in files if one not in labels]
    if not files or len(labels) > 1:
        what = "no .npy file of examples" if not files else f"both {' and '.join(LABELS)}"
        raise StudyError(f"{told_path(path)}: holds {what}; give examples in .npy files, labels in y.npy")
    return _joined(files), np.array(_map(labels[0])) if labels else None


def _joined(files: Sequence[Path]) -> Mapped:
    stamps = tuple(map(_stamp, files))
    maps = tuple(map(_map, files))
    for file, one in zip(files, maps, strict=True):
        if (one.dtype, one.shape[1:]) != (maps[0].dtype, maps[0].shape[1:]):
            raise StudyError(
                f"{told_path(file)}: holds {one.dtype} {list(one.shape)}, but {told_path(files[0])} {maps[0].dtype} "
                f"{list(maps[0].shape)}; give files of one type and one shape of an example"
            )
    return Mapped(tuple(files), maps, stamps)


def _map(path: Path) -> np.ndarray:
    """The array of a file as a memory map, checked as if it were read; nothing is unpickled."""
    where = told_path(path)
    try:
        with open_regular(path, form=" as .npy") as (file, size):
            header = npy.read_header(file)
            present = size - header.n_bytes
            npy.check_size(header, present, limit=max(present, header.size), where=where)
    except StudyError:
        raise
    except (OSError, ValueError, OverflowError) as error:
        raise StudyError(
            f"{where}: cannot be read as .npy ({one_line(error)}); write it again with np.save, as numbers"
        ) from error
    if not header.size:
        return np.empty(header.shape, header.dtype)
    order: Any = "F" if header.fortran_order else "C"
    shape = header.shape or (1,)
    return np.memmap(path, header.dtype, mode="r", shape=shape, offset=header.n_bytes, order=order)


def _stamp(path: Path) -> tuple[int, int]:
    found: os.stat_result | None = find(path)
    return (found.st_size, found.st_mtime_ns) if found else (-1, -1)
