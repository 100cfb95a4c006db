"""What the user gave to an audit: examples, labels, and a model, checked before anything is measured."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from study.audit.layout import Axes, Layout, layout_of
from study.audit.model import Function
from study.data.base import Dataset
from study.data.labels import check_classes, number_labels
from study.data.own.files import read_numpy
from study.data.splits import VALIDATION_SHARE_OF_TEST, split_test_rows
from study.errors import StudyError
from study.runtime.arrays import numbers
from study.runtime.checks import listed

LEAST = {"train": 20, "test": 20}  # examples
X, Y = ("x", "train", "test", "images", "data", "arr_0"), ("y", "labels")
CODES = ("train_mean", "train_log_var", "test_mean", "test_log_var")


@dataclasses.dataclass(frozen=True, eq=False)
class Examples:
    """Training and test data as the model takes them, `[N, ...]` float32, and their labels by the user's names."""

    train: np.ndarray
    test: np.ndarray
    train_labels: np.ndarray | None
    test_labels: np.ndarray | None

    @property
    def classes(self) -> np.ndarray | None:
        """All classes, sorted."""
        if self.train_labels is None or self.test_labels is None:
            return None
        return np.unique(np.concatenate([self.train_labels, self.test_labels]))


def read_examples(
    path: str | os.PathLike[str], *, flag: str, max_bytes: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Examples and labels of an .npz or .npy file.

    Raises:
        StudyError: the file cannot be read, or which of its arrays holds the examples cannot be told.
    """
    arrays = read_numpy(Path(path), max_bytes=max_bytes)
    xs, ys = ([key for key in arrays if key.lower() in names] for names in (X, Y))
    if len(xs) != 1 or len(ys) > 1:
        raise StudyError(
            f"{flag} {path}: holds {listed(sorted(arrays)) or 'nothing'}; give one array `x` and, if there are "
            "labels, one array `y`"
        )
    return arrays[xs[0]], arrays[ys[0]] if ys else None


def read_codes(
    path: str | os.PathLike[str], *, sizes: tuple[int, int], max_bytes: int
) -> dict[str, np.ndarray]:
    """Codes that the model's own framework saved, each `[N, ...]`.

    Args:
        path: of an .npz file with `CODES`.
        sizes: numbers of training and test examples.
        max_bytes: the largest unpacked size.

    Raises:
        StudyError: an array is missing or has another number of rows than the examples.
    """
    arrays = read_numpy(Path(path), max_bytes=max_bytes)
    if set(arrays) != set(CODES):
        raise StudyError(f"--latents {path}: holds {listed(sorted(arrays))}; give {listed(CODES)}")
    for name, array in arrays.items():
        rows = sizes[name.startswith("test")]
        if len(array) != rows:
            raise StudyError(
                f"--latents {path}: {name} has {len(array):,} rows, but there are {rows:,} examples; encode the same "
                "files"
            )
    return arrays


def checked(train: Any, test: Any, labels: Any = None) -> Examples:
    """The user's arrays, after every check that needs no model.

    Args:
        train, test: `[N, ...]` numbers, equal in shape but for N.
        labels: a pair of arrays `[N]` for train and test, or None.

    Raises:
        StudyError: they cannot be used.
    """
    arrays = {}
    for name, value in (("train", train), ("test", test)):
        array = numbers(value, name=f"audit: {name}", dtype=None)
        if array.ndim < 2 or 0 in array.shape[1:]:
            raise StudyError(
                f"audit: {name} has the shape {list(array.shape)}; give [N, ...], one row for each example"
            )
        if len(array) < LEAST[name]:
            raise StudyError(f"audit: {name} has {len(array)} examples; give {LEAST[name]} or more")
        array = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="), copy=False), np.float32)
        if not np.isfinite(array).all():
            row = int((~np.isfinite(array.reshape(len(array), -1))).any(1).argmax())
            raise StudyError(
                f"audit: {name} holds NaN or infinite values, the first in row {row}; leave those rows out"
            )
        arrays[name] = array
    if arrays["train"].shape[1:] != arrays["test"].shape[1:]:
        raise StudyError(
            f"audit: examples of train are {list(arrays['train'].shape[1:])}, those of test "
            f"{list(arrays['test'].shape[1:])}; give both the same shape"
        )
    if np.ptp(arrays["train"]) == 0:
        raise StudyError("audit: every value of train is the same; give data that vary")
    return Examples(arrays["train"], arrays["test"], *_labels(labels, arrays))


def _labels(labels: Any, arrays: Mapping[str, np.ndarray]) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Labels of train and test, whole numbers or text."""
    if labels is None:
        return None, None
    if not isinstance(labels, tuple | list) or len(labels) != 2:
        raise StudyError("audit: labels must be a pair, those of train and those of test")
    if (labels[0] is None) != (labels[1] is None):
        raise StudyError("audit: only one of train and test has labels; give those of both, or none")
    if labels[0] is None:
        return None, None
    found = {name: np.asarray(value) for name, value in zip(arrays, labels, strict=True)}
    found = {name: y.reshape(len(y)) if y.ndim == 2 and y.shape[1] == 1 else y for name, y in found.items()}
    sizes = {name: len(array) for name, array in arrays.items()}
    numbered, names = number_labels(found, sizes=sizes, where="audit")
    check_classes(numbered, names, where="audit")
    whole = {name: y.astype(np.int64) if y.dtype.kind in "fb" else y for name, y in found.items()}
    return whole["train"], whole["test"]


def dataset_of(examples: Examples, *, axes: Axes | None, name: str, source: str) -> tuple[Dataset, Layout]:
    """The data set in the model's own units: nothing is scaled. A fifth of test, drawn by class, becomes validation.

    Raises:
        StudyError: the axes of an example cannot be told.
    """
    layout = layout_of(examples.train.shape[1:], axes=axes, where=name)
    numbered: dict[str, np.ndarray] = {}
    classes: tuple[str, ...] = ()
    if examples.train_labels is not None and examples.test_labels is not None:
        given = {"train": examples.train_labels, "test": examples.test_labels}
        sizes = {"train": len(examples.train), "test": len(examples.test)}
        numbered, classes = number_labels(given, sizes=sizes, where=name)
    held_out = numbered.get("test")
    validation, test = split_test_rows(
        len(examples.test), seed=0, labels=held_out, validation_share=VALIDATION_SHARE_OF_TEST
    )
    rows = layout.rows(examples.test)
    made = Dataset(
        name=name,
        train=layout.rows(examples.train),
        validation=rows[validation],
        test=rows[test],
        shape=layout.shown,
        train_labels=numbered.get("train"),
        validation_labels=None if held_out is None else held_out[validation],
        test_labels=None if held_out is None else held_out[test],
        source=source,
        read_as=f"{layout.said}; values kept as they are",
        class_names=classes,
    )
    return made, layout


def recorded(examples: Examples, codes: Mapping[str, np.ndarray]) -> Function:
    """The encoder as a table: the codes of the examples that it was recorded for, found by their content."""
    place: dict[bytes, tuple[str, int]] = {}
    for split in ("train", "test"):
        for row, x in enumerate(getattr(examples, split)):
            place.setdefault(x.tobytes(), (split, row))

    def encode(x: np.ndarray, labels: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        found = [place[one.astype(np.float32).tobytes()] for one in x]
        first = codes["train_mean"].shape[1:]
        pair = [
            np.array([codes[f"{split}_{name}"][row] for split, row in found], np.float32).reshape(-1, *first)
            for name in ("mean", "log_var")
        ]
        return pair[0], pair[1]

    return encode
