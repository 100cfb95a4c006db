"""The named arrays of a user's file: which are examples, which are labels, and whether their values can be used."""

from collections.abc import Mapping

import numpy as np

from study.errors import StudyError
from study.runtime.checks import shown

SPLITS = ("train", "validation", "test")
LEAST_ROWS = {"x": 6, "train": 2, "validation": 1, "test": 3}
_KEYS = "`x` with `y` or `labels`, or `train`, `test`, `validation` with `train_labels` and so on"


def by_split(
    arrays: Mapping[str, np.ndarray], where: str
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Examples and labels by split; `train` without other splits is treated as `x`.

    Raises:
        StudyError: a key is unknown, missing, or does not fit the others.
    """
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


def check_examples(arrays: Mapping[str, np.ndarray], where: str, *, lines: bool = False) -> None:
    """Check that examples are a sufficient number of finite numbers, of one shape and type in all splits.

    Args:
        arrays: examples by key.
        where: name of the data in messages.
        lines: whether rows are counted from 1, as in a table file.

    Raises:
        StudyError: they are not.
    """
    for key, x in arrays.items():
        _check_values(x, key, where, lines=lines)
    if len({x.shape[1:] for x in arrays.values()}) > 1:
        shapes = ", ".join(f"{key} {list(x.shape)}" for key, x in arrays.items())
        raise StudyError(f"{where}: examples differ in shape: {shapes}; give all splits the same shape")
    if len({x.dtype == np.uint8 for x in arrays.values()}) > 1:
        raise StudyError(f"{where}: one split is uint8 and another is not; give all splits the same type")


def _check_values(x: np.ndarray, key: str, where: str, *, lines: bool) -> None:
    what = f"{where}: {key!r}"
    if not isinstance(x, np.ndarray):
        raise StudyError(f"{what} is a {type(x).__name__}; give a NumPy array")
    check_example_shape(x.shape, x.dtype, key, where)
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        bad = ~np.isfinite(x)
        row = int(bad.reshape(len(x), -1).any(axis=1).argmax())
        place = f"row {row + 1}" if lines else f"example {row}"
        raise StudyError(
            f"{what} has {bad.sum()} values that are NaN or infinite, the first in {place}; fill them"
        )


def check_example_shape(shape: tuple[int, ...], dtype: np.dtype, key: str, where: str) -> None:
    """Check that examples are numbers, of a shape that can be read, and enough of them.

    Raises:
        StudyError: they are not.
    """
    what = f"{where}: {key!r}"
    if dtype.kind not in "buif":
        raise StudyError(f"{what} has type {dtype}; convert it to numbers, such as float32 or uint8")
    if not 2 <= len(shape) <= 4:
        raise StudyError(f"{what} has shape {list(shape)}; give [N, D], [N, H, W] or [N, H, W, C]")
    if shape[0] < LEAST_ROWS[key] or 0 in shape:
        raise StudyError(
            f"{what} has shape {list(shape)}; give at least {LEAST_ROWS[key]} non-empty examples"
        )
