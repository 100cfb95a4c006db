"""A user's own arrays as a Dataset: names are checked, labels numbered, and splits made if none are given."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from study.config.data import DataConfig, Kind
from study.data.base import Dataset
from study.data.choosing import Scaling, choose_scaling, is_binary
from study.data.labels import check_classes, number_labels
from study.data.naming import Naming, numbered
from study.data.own.keys import SPLITS, by_split, check_examples
from study.data.own.layout import arranged
from study.data.own.names import plain_name
from study.data.own.stacks import check_unmixed, config_of, series_of, shift_of
from study.data.scaling import check_varies, to_range
from study.data.splits import VALIDATION_SHARE_OF_TEST, split_rows, split_test_rows
from study.data.windows import from_table
from study.errors import StudyError
from study.runtime.checks import shown

Rows = Mapping[
    str, tuple[str, np.ndarray]
]  # by split: the key in the file, and the numbers of its rows there
_AUTO = DataConfig()


def from_arrays(
    arrays: Mapping[str, np.ndarray],
    *,
    name: str,
    seed: int,
    source: str,
    where: str | None = None,
    columns: Sequence[str] | None = None,
    options: DataConfig = _AUTO,
    read_as: str = "",
) -> Dataset:
    """A dataset from named arrays.

    If only `x` (or only `train`) is given, it is split: test 1/3, validation 1/9, train the rest, stratified by class
    if there are labels. If `train` and `test` are given, train stays as it is, and a fifth of test becomes validation
    unless `validation` is given. Test rows are always put in random order, so that the halves of test are two samples
    of one distribution. `layout.arranged` decides what an example is, `choosing.choose_scaling` the scaling; `read_as`
    of the result says both. Labels, integers or strings, become `0..C-1` in sorted order, and keep their names.
    Windows that overlap are split in time order, as `study.windows` does, so that no time step is in two splits.

    Args:
        arrays: `x` `[N, ...]` with `y` or `labels` `[N]`; or `train`, `test`, `validation` with
            `train_labels`, `test_labels`, `validation_labels`. An example has one to three axes.
        name: its name in tables.
        seed: decides the split.
        source: where the data come from, for the report.
        where: name of the data in error messages, `name` by default.
        columns: names of a table's columns, for error messages.
        options: what the user said about the data.
        read_as: how the file was read, a phrase to put before what is decided here.

    Raises:
        StudyError: names, shapes, types, values or labels cannot be used, or have two readings.
    """
    where = where or plain_name(name)
    given, labels = by_split(arrays, where)
    check_examples(given, where, lines=columns is not None)
    found = arranged(given, options, where=where)
    numbers, classes = number_labels(labels, sizes={key: len(x) for key, x in given.items()}, where=where)
    facts: dict[str, Any] = {"name": name, "source": source}
    if found.kind == "sequence" and (shift := _common_shift(found.arrays, where=where)):
        return _series(found.arrays["x"], shift, labels, options=options, seed=seed, where=where, **facts)
    data, numbers, rows = _split(dict(found.arrays), numbers, seed)
    few = check_classes(numbers, classes, where=where)
    shape = data["train"].shape[1:]
    names = _naming(where, shape=shape, kind=found.kind, columns=columns, rows=rows)
    scaled, scaling = _scaled(data, found.kind, options, names)
    own: dict[str, Any] = {**scaled, **{f"{key}_labels": y for key, y in numbers.items()}}
    return Dataset(
        **facts,
        **own,
        shape=shape,
        likelihood="gaussian"
        if scaling.by_column or not all(map(is_binary, scaled.values()))
        else "bernoulli",
        inverse=scaling.affine,
        windows=config_of(shape, shift=shape[0]) if found.kind == "sequence" else None,
        read_as="; ".join(part for part in (read_as, found.said, scaling.said, few) if part),
        class_names=classes,
    )


def _naming(
    where: str, *, shape: tuple[int, ...], kind: Kind, columns: Sequence[str] | None, rows: Rows
) -> Naming:
    steps = shape[0] if kind == "sequence" else 0
    return Naming(
        where,
        functools.partial(column_name, shape=shape, kind=kind, columns=columns),
        functools.partial(_row, rows=rows, steps=steps, lines=columns is not None),
    )


def _common_shift(arrays: Mapping[str, np.ndarray], *, where: str) -> int:
    """By how many steps all windows follow each other, if they do; 0 if they do not overlap.

    Raises:
        StudyError: they overlap in mixed order.
    """
    shift = shift_of(arrays["x"]) if "x" in arrays else 0
    if not shift:
        for key, x in arrays.items():
            check_unmixed(x, key, where=where)
    return shift


def _series(
    x: np.ndarray, shift: int, labels: Mapping[str, np.ndarray], *, options: DataConfig, **facts: Any
) -> Dataset:
    """Overlapping windows `[N, T, F]` as those of the series that they were cut from."""
    if labels:
        raise StudyError(f"{facts['where']}: windows that overlap have no labels here; give `x` alone")
    options.refuse("scale", where=facts["where"], why="windows that overlap, whose features are standardised")
    said = f"windows that begin {shift} step{'' if shift == 1 else 's'} apart, split in time order"
    return from_table(
        series_of(x, shift).astype(np.float64), config_of(x.shape[1:], shift=shift), read_as=said, **facts
    )


def _scaled(
    data: Mapping[str, np.ndarray], kind: Kind, options: DataConfig, names: Naming
) -> tuple[dict[str, np.ndarray], Scaling]:
    """Every split in the model's range, `[N, D]`; the features of windows have one scale for all steps."""
    flat = {key: x.reshape(len(x), -1) for key, x in data.items()}
    steps = data["train"].shape[1] if kind == "sequence" else 1
    lines = {key: x.reshape(len(x) * steps, -1) for key, x in flat.items()}
    scaling = choose_scaling(lines, kind=kind, scale=options.scale, names=names)
    scaled = {key: to_range(x, scaling.affine, split=key, names=names) for key, x in lines.items()}
    check_varies(lines["train"], scaled["train"], by_column=scaling.by_column, names=names)
    if steps > 1 and scaling.affine is not None and scaling.by_column:
        scaling = Scaling(scaling.affine.tiled(steps), scaling.said)
    return {key: x.reshape(len(flat[key]), -1) for key, x in scaled.items()}, scaling


def column_name(j: int, *, shape: tuple[int, ...], kind: Kind, columns: Sequence[str] | None) -> str:
    """The name of value j of an example, for messages."""
    if kind == "sequence":
        return f"feature {j} (counted from 0)"
    if columns is not None and kind != "image":  # whose channels may have moved
        return f"column {shown(columns[j])}"
    if len(shape) == 1:
        return numbered(j)
    place = [int(i) for i in np.unravel_index(j, shape)]
    return f"the value at {place} of an example"


def _row(split: str, i: int, *, rows: Rows, steps: int, lines: bool) -> str:
    """Where the i-th row of a split is in the user's file; rows of windows are their steps."""
    key, order = rows[split]
    own = int(order[i // steps if steps else i])
    if lines:
        return f"row {own + 1}"
    return f"example {own} of {key!r}" + (f", step {i % steps}" if steps else "")


def _split(
    data: dict[str, np.ndarray], labels: dict[str, np.ndarray], seed: int
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], Rows]:
    """`train`, `validation` and `test` of the examples and of the labels, if any; and where they came from."""
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
        {key: (source[key], np.arange(len(data[source[key]]))[rows[key]]) for key in SPLITS},
    )
