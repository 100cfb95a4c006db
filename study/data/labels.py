"""Conversion of integer or string labels to classes 0..C-1."""

from collections.abc import Mapping

import numpy as np

from study.errors import StudyError


def number_labels(
    labels: Mapping[str, np.ndarray], *, sizes: Mapping[str, int], where: str
) -> dict[str, np.ndarray]:
    """Number the classes over all splits together, in sorted order.

    Args:
        labels: `[N_split]` by split; empty if there are no labels.
        sizes: number of examples by split.
        where: name of the data in error messages.

    Returns:
        int64 in `0..C-1`, by split.

    Raises:
        StudyError: labels have the wrong length or type.
    """
    for key, y in labels.items():
        what = f"{where}: labels of {key!r}"
        if y.shape != (sizes[key],):
            raise StudyError(f"{what} have shape {list(y.shape)}; give one per example, [{sizes[key]}]")
        whole = y.dtype.kind == "f" and bool((np.isfinite(y) & (y == np.round(y))).all())
        if y.dtype.kind not in "buiUST" and not whole:
            raise StudyError(f"{what} have type {y.dtype}; give integers or strings")
    if not labels:
        return {}
    if len({y.dtype.kind in "UST" for y in labels.values()}) > 1:
        raise StudyError(f"{where}: labels are strings in one split and numbers in another; give one type")
    joined = np.concatenate(list(labels.values()))
    if joined.dtype.kind == "f" and any(y.dtype.kind in "iu" and _beyond_floats(y) for y in labels.values()):
        raise StudyError(
            f"{where}: labels are of several types and too large for float64; give one integer type"
        )
    _, numbers = np.unique(joined, return_inverse=True)
    ends = np.cumsum([len(y) for y in labels.values()])
    return dict(zip(labels, np.split(numbers.astype(np.int64), ends[:-1]), strict=True))


def _beyond_floats(y: np.ndarray) -> bool:
    """Whether float64 cannot represent some of these integers exactly."""
    return bool(len(y)) and max(abs(int(y.min())), abs(int(y.max()))) > 2**53


def check_classes(labels: Mapping[str, np.ndarray], *, where: str) -> None:
    """Check that every class occurs in train: a model cannot generate a class that it never saw.

    Raises:
        StudyError: a class occurs only in validation or test.
    """
    if not labels:
        return
    unseen = np.setdiff1d(np.concatenate(list(labels.values())), labels["train"])
    if len(unseen):
        raise StudyError(
            f"{where}: {len(unseen)} of the classes have no training example; drop them, merge them with "
            "others, or give more examples of them"
        )
