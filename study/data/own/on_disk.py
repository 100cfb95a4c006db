"""A user's own files as a LargeDataset: opened, read once from beginning to end, and left on disk.

Splits, layout and scaling are those of `study.load_dataset` for the same file and seed, so that a model trained on one
is that trained on the other: to the last bits, unless columns are standardised, whose means are added up in another
order.
"""

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from study.config.data import DataConfig
from study.data.choosing import Scaling, choose_scaling, is_binary
from study.data.labels import check_classes, number_labels
from study.data.large import LargeDataset, Source, Split
from study.data.naming import Naming
from study.data.own.arrays import column_name
from study.data.own.keys import check_example_shape
from study.data.own.layout import Arranged, arranged
from study.data.own.mapped import map_arrays
from study.data.own.names import plain_name
from study.data.own.opening import find, listed_folder, told_path
from study.data.own.pictures import picture_source
from study.data.own.survey import Survey, survey
from study.data.scaling import check_varies, to_range
from study.data.splits import split_rows
from study.errors import FileError, StudyError

VALIDATION = 10_000  # rows of that split that are read into memory: enough to see a loss fall by 0.5 % of it
FORMS = "an .npy file, a folder of .npy files (labels in y.npy), or a folder of PNG or JPEG pictures"


def open_path(path: Path, *, seed: int, options: DataConfig) -> LargeDataset:
    """A data set whose rows stay on disk.

    Args:
        path: of a file or folder of `FORMS`.
        seed: decides the split.
        options: what the user said about the data.

    Raises:
        StudyError: no such file, another format, a setting without effect, or data that cannot be used.
    """
    where = told_path(path)
    source, labels, said, options = _opened(path, options, where=where)
    stem = path.resolve().name if path.is_dir() else path.stem
    check_example_shape(source.shape, source.dtype, "x", where)
    n = source.shape[0]
    numbers, classes = number_labels({} if labels is None else {"x": labels}, sizes={"x": n}, where=where)
    rows = split_rows(n, seed=seed, labels=numbers.get("x"))._asdict()
    own = {key: numbers["x"][split] for key, split in rows.items() if numbers}
    few = check_classes(own, classes, where=where)
    found = survey(source, rows, where=where, name=plain_name(stem))
    layout = _arranged(found, source.shape[1:], options, where=where)
    scaling, scaled = _scaled(found, layout, options, where=where)
    columns = layout.columns
    width = math.prod(source.shape[1:])
    parts = {
        key: Split(source, split, width, columns, scaling.affine, *_range(scaled[key]))
        for key, split in rows.items()
    }
    kept = slice(VALIDATION)
    return LargeDataset(
        plain_name(stem),
        parts["train"],
        parts["validation"][kept],
        parts["test"],
        layout.shape,
        "gaussian" if scaling.by_column or not all(map(is_binary, scaled.values())) else "bernoulli",
        _fingerprint(found.digest, rows, own, options),
        train_labels=own.get("train"),
        validation_labels=own["validation"][kept] if own else None,
        test_labels=own.get("test"),
        inverse=scaling.affine,
        source=f"{plain_name(path.name)} (own data)",
        read_as="; ".join(part for part in (said, layout.said, scaling.said, few, "on disk") if part),
        class_names=classes,
    )


def _opened(
    path: Path, options: DataConfig, *, where: str
) -> tuple[Source, np.ndarray | None, str, DataConfig]:
    """Source, labels, what was done to pictures, and what is left to decide."""
    if find(path) is None:
        raise FileError(f"{where}: no such file or folder; give {FORMS}")
    npy = path.suffix.lower() == ".npy" and not path.is_dir()
    if npy or (path.is_dir() and any(one.suffix.lower() == ".npy" for one in listed_folder(path))):
        options.refuse("size", "label", where=where, why="arrays")
        source, labels = map_arrays(path)
        return source, labels, "", options
    if not path.is_dir():
        raise StudyError(
            f"{where}: only {FORMS} can stay on disk; convert it with np.save, or read it with study.load_dataset"
        )
    options.refuse("label", "layout", "kind", where=where, why="a folder of pictures")
    pictures, labels, said = picture_source(path, size=options.size)
    return pictures, labels, said, DataConfig(kind="image", scale=options.scale)


def _arranged(found: Survey, shape: tuple[int, ...], options: DataConfig, *, where: str) -> Arranged:
    """What an example is, decided from some examples and from rows that stand for all."""
    looked_at = {
        "x": found.sample,
        **{key: x.reshape(len(x), *shape) for key, x in found.extremes.items()},
    }
    layout = arranged(looked_at, options, where=where)
    if layout.kind == "sequence":
        raise StudyError(
            f"{where}: windows of a time series cannot stay on disk, since those that overlap are split in time order; "
            "read them with study.load_dataset"
        )
    return layout


def _scaled(
    found: Survey, layout: Arranged, options: DataConfig, *, where: str
) -> tuple[Scaling, dict[str, np.ndarray]]:
    """The scaling, and the rows that stand for each split in the model's range."""
    order = slice(None) if layout.columns is None else layout.columns
    extremes = {key: x[:, order] for key, x in found.extremes.items()}
    names = Naming(
        where,
        lambda j: column_name(j, shape=layout.shape, kind=layout.kind, columns=None),
        lambda split, _: f"a row of {split}",
    )
    moments = found.mean[order], found.spread[order]
    scaling = choose_scaling(extremes, kind=layout.kind, scale=options.scale, names=names, moments=moments)
    scaled = {key: to_range(x, scaling.affine, split=key, names=names) for key, x in extremes.items()}
    check_varies(extremes["train"], scaled["train"], by_column=scaling.by_column, names=names)
    return scaling, scaled


def _range(x: np.ndarray) -> tuple[float, float]:
    return float(x.min()), float(x.max())


def _fingerprint(
    content: str, rows: Mapping[str, np.ndarray], labels: Mapping[str, np.ndarray], options: DataConfig
) -> str:
    found = hashlib.sha256(repr((content, options)).encode())
    for arrays in (rows, labels):
        for key, array in arrays.items():
            found.update(f"{key} {array.dtype.str} {array.shape}".encode())
            found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()
