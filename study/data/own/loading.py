"""A user's own file or folder as a Dataset, by its format."""

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from study.config.data import DataConfig
from study.data.base import Dataset
from study.data.own.arrays import from_arrays
from study.data.own.files import read_numpy
from study.data.own.idx import has_idx, read_idx_folder
from study.data.own.labelled import read_table
from study.data.own.names import plain_name
from study.data.own.opening import find, told_path
from study.data.own.pictures import read_pictures
from study.data.windows import load_windows
from study.errors import StudyError
from study.runtime.limits import MAX_BYTES

TABLES = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
FORMS = (
    ".npz, .npy, .csv (also .tsv, .txt, .gz), .toml (windows over a .csv), a folder of PNG or JPEG pictures, or a "
    "folder of idx(.gz) files"
)
_AUTO = DataConfig()


def load_path(path: Path, *, seed: int, max_bytes: int = MAX_BYTES, options: DataConfig = _AUTO) -> Dataset:
    """A dataset from a user's own file or folder; see `from_arrays` for names, splits and scaling, and `windows`.

    Args:
        path: of the file or folder.
        seed: decides the split.
        max_bytes: the largest unpacked size of the data.
        options: what the user said about the data.

    Raises:
        StudyError: an unknown file format, a setting without effect on this format, or any error that the reader or
            `from_arrays` raises.
    """
    where, name = told_path(path), path.name.lower()
    found = find(path)
    is_folder = found is not None and stat.S_ISDIR(found.st_mode)
    if name.endswith(".toml") and not is_folder:
        options.refuse(*options.given, where=where, why="windows that a .toml file describes")
        return load_windows(path, seed=seed, max_bytes=max_bytes)
    more: Mapping[str, Any] = {}
    stem = path.stem
    if is_folder:
        stem = path.resolve().name
        arrays, more = _folder(path, options, max_bytes=max_bytes)
    elif name.endswith(TABLES):
        options.refuse("size", "layout", where=where, why="a table")
        stem = path.name[: -len(next(ending for ending in TABLES[::-1] if name.endswith(ending)))]
        arrays, more = read_table(path, label=options.label, max_bytes=max_bytes)
    elif name.endswith((".npz", ".npy")):
        options.refuse("size", "label", where=where, why="arrays")
        arrays = read_numpy(path, max_bytes=max_bytes)
    else:
        suffix = told_path(path.suffix)
        raise StudyError(f"{where}: cannot read {suffix or 'a file without a suffix'}; give {FORMS}")
    source = f"{plain_name(path.name)} (own data)"
    facts = {"name": stem, "seed": seed, "source": source, "where": where, "options": options, **more}
    return from_arrays(arrays, **facts)


def _folder(
    path: Path, options: DataConfig, *, max_bytes: int
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The arrays of a folder of IDX files or of pictures, and what else is known of them."""
    where = told_path(path)
    if has_idx(path):
        options.refuse("size", "label", where=where, why="IDX files")
        return read_idx_folder(path, max_bytes=max_bytes), {}
    options.refuse("label", "layout", "kind", where=where, why="a folder of pictures")
    arrays, said = read_pictures(path, size=options.size, max_bytes=max_bytes)
    return arrays, {"read_as": said, "options": DataConfig(kind="image", scale=options.scale)}
