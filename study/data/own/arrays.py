"""A user's own arrays as a Dataset: names are checked, labels numbered, and splits made if none are given."""

import functools
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from study.data.base import Dataset
from study.data.labels import check_classes, number_labels
from study.data.own.files import read_csv, read_numpy
from study.data.own.idx import read_idx_folder
from study.data.own.names import plain_name
from study.data.own.opening import find, told_path
from study.data.scaling import check_varies, choose_scaling, is_binary, numbered, to_range
from study.data.splits import VALIDATION_SHARE_OF_TEST, split_rows, split_test_rows
from study.data.windows import load_windows
from study.errors import StudyError
from study.runtime.checks import shown
from study.runtime.limits import MAX_BYTES

SPLITS = ("train", "validation", "test")
LEAST_ROWS = {"x": 6, "train": 2, "validation": 1, "test": 3}
FORMS = ".npz, .npy, .csv, .toml (windows over a .csv) or a folder of idx(.gz) files"
_KEYS = "`x` with `y` or `labels`, or `train`, `test`, `validation` with `train_labels` and so on"


def load_path(path: Path, *, seed: int, max_bytes: int = MAX_BYTES) -> Dataset:
    """A dataset from a user's own file or folder; see `from_arrays` for names, splits and scaling, and `windows`.

    Args:
        path: of the file or folder.
        seed: decides the split.
        max_bytes: the largest unpacked size of the data.

    Raises:
        StudyError: an unknown file format, or any error that the reader or `from_arrays` raises.
    """
    where, suffix = told_path(path), path.suffix.lower()
    found = find(path)
    is_folder = found is not None and stat.S_ISDIR(found.st_mode)
    if suffix == ".toml" and not is_folder:
        return load_windows(path, seed=seed, max_bytes=max_bytes)
    columns: Sequence[str] | None = None
    if is_folder:
        arrays = read_idx_folder(path, max_bytes=max_bytes)
    elif suffix == ".csv":
        arrays, columns = read_csv(path, max_bytes=max_bytes)
    elif suffix in (".npz", ".npy"):
        arrays = read_numpy(path, max_bytes=max_bytes)
    else:
        raise StudyError(
            f"{where}: cannot read {told_path(suffix) or 'a file without a suffix'}; give {FORMS}"
        )
    name = path.resolve().name if is_folder else path.stem
    source = f"{plain_name(path.name)} (own data)"
    return from_arrays(arrays, name=name, seed=seed, source=source, where=where, columns=columns)


def from_arrays(
    arrays: Mapping[str, np.ndarray],
    *,
    name: str,
    seed: int,
    source: str,
    where: str | None = None,
    columns: Sequence[str] | None = None,
) -> Dataset:
    """A dataset from named arrays.

    If only `x` (or only `train`) is given, it is split: test 1/3, validation 1/9, train the rest, stratified by class
    if there are labels. If `train` and `test` are given, train stays as it is, and a fifth of test becomes validation
    unless `validation` is given. Test rows are always put in random order, so that the halves of test are two samples
    of one distribution. Scaling follows `scaling.choose_scaling`. Labels, integers or strings, become `0..C-1` in
    sorted order.

    Args:
        arrays: `x` `[N, ...]` with `y` or `labels` `[N]`; or `train`, `test`, `validation` with
            `train_labels`, `test_labels`, `validation_labels`. `[N, D]` is a table, `[N, H, W]` and
            `[N, H, W, C]` are images; sequences `[N, T, F]` are scaled like images.
        name: its name in tables.
        seed: decides the split.
        source: where the data come from, for the report.
        where: name of the data in error messages, `name` by default.
        columns: names of a table's columns, for error messages.

    Raises:
        StudyError: names, shapes, types, values or labels cannot be used.
    """
    where = where or plain_name(name)
    data, labels = _by_split(arrays, where)
    for key, x in data.items():
        _check_values(x, key, where)
    if len({x.shape[1:] for x in data.values()}) > 1:
        shapes = ", ".join(f"{key} {list(x.shape)}" for key, x in data.items())
        raise StudyError(f"{where}: examples differ in shape: {shapes}; give all splits the same shape")
    if len({x.dtype == np.uint8 for x in data.values()}) > 1:
        raise StudyError(f"{where}: one split is uint8 and another is not; give all splits the same type")
    numbered = number_labels(labels, sizes={key: len(x) for key, x in data.items()}, where=where)
    data, numbered = _split(data, numbered, seed)
    check_classes(numbered, where=where)

    shape = data["train"].shape[1:]
    flat = {key: data[key].reshape(len(data[key]), -1) for key in SPLITS}
    name_of = functools.partial(_column_name, shape=shape, columns=columns)
    scaling = choose_scaling(flat, is_table=len(shape) == 1, where=where, name_of=name_of)
    scaled = {key: to_range(x, scaling, split=key, where=where, name_of=name_of) for key, x in flat.items()}
    standardised = scaling is not None and np.ndim(scaling.scale) > 0
    check_varies(flat["train"], scaled["train"], by_column=standardised, where=where, name_of=name_of)
    binary = not standardised and all(is_binary(x) for x in scaled.values())
    own: dict[str, Any] = {**scaled, **{f"{key}_labels": y for key, y in numbered.items()}}
    return Dataset(
        name=name,
        **own,
        shape=shape,
        likelihood="bernoulli" if binary else "gaussian",
        inverse=scaling,
        source=source,
    )


def _column_name(j: int, *, shape: tuple[int, ...], columns: Sequence[str] | None) -> str:
    if columns is not None:
        return f"column {shown(columns[j])}"
    if len(shape) == 1:
        return numbered(j)
    place = [int(i) for i in np.unravel_index(j, shape)]
    return f"the value at {place} of an example"


def _by_split(
    arrays: Mapping[str, np.ndarray], where: str
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Examples and labels by split; `train` without other splits is treated as `x`."""
    known = {"x", "y", "labels", *SPLITS, *(f"{key}_labels" for key in SPLITS)}
    if unknown := sorted(set(arrays) - known):
        raise StudyError(f"{where}: unknown key {shown(unknown[0])}; rename or drop it, the keys are {_KEYS}")
    given = [key for key in ("x", *SPLITS) if key in arrays]
    if given == ["train"]:
        arrays = {"x" if k == "train" else k.removeprefix("train_"): v for k, v in arrays.items()}
        given = ["x"]
    if given not in (["x"], ["train", "test"], list(SPLITS)):
        raise StudyError(
            f"{where}: holds {' and '.join(given) or 'no examples'}; give `x` alone, `train` alone, "
            "`train` and `test`, or all three of `train`, `validation`, `test`"
        )
    names = ("y", "labels") if given == ["x"] else tuple(f"{key}_labels" for key in given)
    present = [key for key in arrays if key not in given]
    if stray := [key for key in present if key not in names]:
        raise StudyError(f"{where}: {stray[0]!r} does not belong to any examples here; the keys are {_KEYS}")
    if given == ["x"]:
        if len(present) > 1:
            raise StudyError(f"{where}: holds both `y` and `labels`; keep one")
        return {"x": arrays["x"]}, {"x": arrays[present[0]]} if present else {}
    if present and len(present) < len(given):
        missing = next(key for key in names if key not in arrays)
        raise StudyError(f"{where}: {missing!r} is missing; label every split or none")
    return (
        {key: arrays[key] for key in given},
        {key: arrays[f"{key}_labels"] for key in given if present},
    )


def _check_values(x: np.ndarray, key: str, where: str) -> None:
    what = f"{where}: {key!r}"
    if not isinstance(x, np.ndarray):
        raise StudyError(f"{what} is a {type(x).__name__}; give a NumPy array")
    if x.dtype.kind not in "buif":
        raise StudyError(f"{what} has type {x.dtype}; convert it to numbers, such as float32 or uint8")
    if not 2 <= x.ndim <= 4:
        raise StudyError(f"{what} has shape {list(x.shape)}; give [N, D], [N, H, W] or [N, H, W, C]")
    if len(x) < LEAST_ROWS[key] or x.size == 0:
        raise StudyError(
            f"{what} has shape {list(x.shape)}; give at least {LEAST_ROWS[key]} non-empty examples"
        )
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        bad = ~np.isfinite(x)
        row = int(bad.reshape(len(x), -1).any(axis=1).argmax())
        raise StudyError(
            f"{what} has {bad.sum()} values that are NaN or infinite, the first in example {row}; "
            "fill them or drop those examples"
        )


def _split(
    data: dict[str, np.ndarray], labels: dict[str, np.ndarray], seed: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """`train`, `validation` and `test` of the examples and, if there are any, of the labels."""
    if "x" in data:
        source = dict.fromkeys(SPLITS, "x")
        rows = split_rows(len(data["x"]), seed=seed, labels=labels.get("x"))._asdict()
    else:
        own = "validation" in data
        source = {"train": "train", "validation": "validation" if own else "test", "test": "test"}
        validation, test = split_test_rows(
            len(data["test"]),
            seed=seed,
            labels=labels.get("test"),
            validation_share=0.0 if own else VALIDATION_SHARE_OF_TEST,
        )
        rows = {"train": slice(None), "validation": slice(None) if own else validation, "test": test}
    return (
        {key: data[source[key]][rows[key]] for key in SPLITS},
        {key: labels[source[key]][rows[key]] for key in SPLITS if labels},
    )
