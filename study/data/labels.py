"""Conversion of integer or string labels to classes 0..C-1, whose names are kept."""

from collections.abc import Mapping, Sequence

import numpy as np

from study.data.own.names import class_name
from study.errors import StudyError
from study.runtime.checks import listed, shown

_SHOWN_CLASSES = 5


def number_labels(
    labels: Mapping[str, np.ndarray], *, sizes: Mapping[str, int], where: str
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """Number the classes over all splits together, in sorted order.

    Args:
        labels: `[N_split]` by split; empty if there are no labels.
        sizes: number of examples by split.
        where: name of the data in error messages.

    Returns:
        int64 in `0..C-1`, by split; and the names of the classes, as texts.

    Raises:
        StudyError: labels have the wrong length or type.
    """
    for key, y in labels.items():
        what = f"{where}: labels of {key!r}"
        if y.shape != (sizes[key],):
            raise StudyError(f"{what} have shape {list(y.shape)}; give one per example, [{sizes[key]}]")
        whole = y.dtype.kind == "f" and bool((np.isfinite(y) & (y == np.round(y))).all())
        texts = y.dtype.kind == "O" and all(isinstance(one, str) for one in y)
        if y.dtype.kind not in "buiUST" and not (whole or texts):
            raise StudyError(f"{what} have type {y.dtype}; give integers or strings")
    if not labels:
        return {}, ()
    if len({y.dtype.kind in "USTO" for y in labels.values()}) > 1:
        raise StudyError(f"{where}: labels are strings in one split and numbers in another; give one type")
    joined = np.concatenate(list(labels.values()))
    if joined.dtype.kind == "f" and any(y.dtype.kind in "iu" and _beyond_floats(y) for y in labels.values()):
        raise StudyError(
            f"{where}: labels are of several types and too large for float64; give one integer type"
        )
    found, numbers = np.unique(joined, return_inverse=True)
    ends = np.cumsum([len(y) for y in labels.values()])
    numbered = dict(zip(labels, np.split(numbers.astype(np.int64), ends[:-1]), strict=True))
    return numbered, tuple(map(class_name, found))


def _beyond_floats(y: np.ndarray) -> bool:
    """Whether float64 cannot represent some of these integers exactly."""
    return bool(len(y)) and max(abs(int(y.min())), abs(int(y.max()))) > 2**53


def check_classes(labels: Mapping[str, np.ndarray], names: tuple[str, ...], *, where: str) -> str:
    """Check that every class occurs in train: a model cannot generate a class that it never saw.

    Returns:
        A phrase that names the classes without an example in another split; empty if there are none.

    Raises:
        StudyError: a class does not occur in train.
    """
    if not labels:
        return ""
    counts = {split: np.bincount(y, minlength=len(names)) for split, y in labels.items()}
    total = np.sum(list(counts.values()), axis=0)

    def told(classes: np.ndarray) -> str:
        each = [f"{shown(names[c])} ({total[c]})" for c in classes[:_SHOWN_CLASSES]]
        return listed(each) + (
            "" if len(classes) <= _SHOWN_CLASSES else f" and {len(classes) - len(each)} more"
        )

    unseen = np.flatnonzero((counts["train"] == 0) & (total > 0))
    if len(unseen):
        raise StudyError(
            f"{where}: no training example of class {told(unseen)}, all of it is held out; give more of it, or merge "
            "the class with another"
        )
    others = [split for split in counts if split != "train"]
    absent = np.flatnonzero(np.any([counts[split] == 0 for split in others], axis=0))
    return f"no example in {' or '.join(others)} of class {told(absent)}" if len(absent) else ""


def class_numbers(labels: object, names: Sequence[str], *, what: str) -> np.ndarray:
    """The numbers of classes that are asked for by name, `[n]` int64; a whole number stands for the name that it makes.

    Raises:
        StudyError: there is no class of such a name, or labels are not a list of names.
    """
    found = np.asarray(labels)
    if found.ndim != 1 or found.dtype.kind not in "iuUSTO":
        raise StudyError(f"{what} must be a list of class names, got {shown(labels)}")
    place = {name: number for number, name in enumerate(names)}
    asked = [class_name(one) for one in found.tolist()]
    unknown = next((one for one in asked if one not in place), None)
    if unknown is not None:
        raise StudyError(f"{what}: no class {shown(unknown)}; ask for one of {listed(names)}")
    return np.array([place[one] for one in asked], np.int64)


def are_names(labels: object) -> bool:
    """Whether labels are texts."""
    return np.asarray(labels).dtype.kind in "UST" or (
        np.asarray(labels).dtype == object and all(isinstance(one, str) for one in np.asarray(labels).flat)
    )


def telling(names: Sequence[str]) -> tuple[str, ...]:
    """The names of classes; none if they are only the numbers of the classes."""
    return () if list(names) == [str(number) for number in range(len(names))] else tuple(names)
