"""Windows of a time series: rows of a table in time order become examples `[T, F]`, split without leakage.

The table is cut into train, validation and test in time order, with rows left out in between, and only then into
windows, so that no window spans two splits and no time step is in two splits. The test rows are cut once more, into
stretches that are assigned in turn (ABBA) to `Dataset.reference` and `Dataset.held_out`. Windows are cut within each
stretch, so the two halves share no time step either, and a drift over time affects both alike. Scaling is fitted to
the training rows. In train and validation the order of the windows is shuffled, never the steps within one; in the
halves of test the windows stay in time order, so that cross-validation can leave out windows that overlap with the
tested ones (`fold_span`).
"""

import dataclasses
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from study.config.serialise import from_dict
from study.config.windows import WindowsConfig
from study.data.base import Dataset
from study.data.naming import Naming
from study.data.own.names import plain_name
from study.data.own.opening import own_path, read_regular, told_path
from study.data.own.series_file import read_series
from study.data.own.table_file import one_line
from study.data.own.times import DATES, Dates
from study.data.scaling import Affine, bounded, standardise, to_range
from study.data.splits import TEST_SHARE, VALIDATION_SHARE
from study.errors import StudyError
from study.runtime.checks import shown, whole_number
from study.runtime.limits import MAX_BYTES, byte_limit, check_bytes

_LARGEST_TOML = 1 << 20  # bytes
_STANDARD = "each feature standardised by the training rows"
_STRETCH = 4  # approximate length of a stretch of test rows, in lengths of a window


def windows(
    path: str | os.PathLike[str],
    *,
    time: str,
    features: Sequence[str],
    target: str,
    n_past: int,
    n_future: int,
    stride: int = 1,
    gap: int | None = None,
    dates: Dates = "",
    seed: int = 0,
    max_bytes: int | None = None,
) -> Dataset:
    """Windows over a CSV file whose first line names the columns.

    Args:
        path: of the file.
        time, features, target, n_past, n_future, stride, gap: see `WindowsConfig`.
        dates: "day-first" or "month-first" where dates such as 1/2/2020 do not tell.
        seed: decides the order of windows in train and validation.
        max_bytes: the largest unpacked size of the file, and of its windows; 2 GiB by default.

    Returns:
        A data set of shape `(n_past + n_future, F)`, each feature standardised by the training rows; `inverse` converts
        windows back to the units of the file.

    Raises:
        StudyError: the file cannot be read, a column is missing or not numeric, times are not in order, a value is
            missing, or there are too few rows.
    """
    if isinstance(features, str):
        raise StudyError(
            f"windows: features must be a list of columns, got {shown(features)}; give [{shown(features)}]"
        )
    if not isinstance(features, Iterable):
        raise StudyError(f"windows: features must be a list of columns, got {shown(features)}")
    config = WindowsConfig(time, tuple(features), target, n_past, n_future, stride, gap)
    seed, limit = whole_number(seed, name="windows: seed"), byte_limit(max_bytes)
    path = own_path(path)
    _check_dates(dates, "windows")
    return _from_file(path, config, dates=dates, name=path.stem, seed=seed, max_bytes=limit)


def _check_dates(dates: object, where: str) -> None:
    if dates not in DATES:
        raise StudyError(f"{where}: dates must be {' or '.join(DATES[1:])}, got {shown(dates)}")


def _from_file(
    path: Path, config: WindowsConfig, *, dates: Dates, name: str, seed: int, max_bytes: int
) -> Dataset:
    values, said = read_series(
        path, time=config.time, features=config.features, dates=dates, max_bytes=max_bytes
    )
    return from_table(
        values,
        config,
        name=name,
        seed=seed,
        source=f"{plain_name(path.name)} (own data)",
        where=told_path(path),
        read_as=said,
        max_bytes=max_bytes,
    )


def load_windows(path: Path, *, seed: int, max_bytes: int = MAX_BYTES) -> Dataset:
    """Windows described by a .toml file: the keys of `WindowsConfig`, `csv`, a path relative to it, perhaps `dates`.

    Raises:
        StudyError: not TOML, an unknown or missing key, or any error that `windows` raises.
    """
    where = told_path(path)
    raw = read_regular(path, most=_LARGEST_TOML, what="a description of windows; give one")
    try:
        settings: dict[str, Any] = tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML, or nested too deep
        raise StudyError(
            f'{where}: cannot be read as TOML ({one_line(error)}); give lines such as time = "date", in UTF-8'
        ) from error
    needed = [f.name for f in dataclasses.fields(WindowsConfig) if f.default is dataclasses.MISSING]
    absent = [name for name in ("csv", *needed) if name not in settings]
    if absent:
        raise StudyError(f"{where}: {absent[0]!r} is missing; windows need {', '.join(['csv', *needed])}")
    csv = settings.pop("csv")
    if not isinstance(csv, str) or not csv:
        raise StudyError(f"{where}: csv must be the path of a file, got {shown(csv)}")
    dates: Any = settings.pop("dates", "")
    _check_dates(dates, where)
    config = from_dict(WindowsConfig, settings, where=where)
    return _from_file(path.parent / csv, config, dates=dates, name=path.stem, seed=seed, max_bytes=max_bytes)


def from_table(
    values: np.ndarray,
    config: WindowsConfig,
    *,
    name: str,
    seed: int,
    source: str,
    where: str | None = None,
    read_as: str = "",
    max_bytes: int = MAX_BYTES,
) -> Dataset:
    """Windows over rows `[R, F]` in time order.

    Args:
        values: the features' columns.
        config: how to cut windows.
        name: name of the data set in tables.
        seed: decides the order of windows in train and validation.
        source: where the data come from, for the report.
        where: name of the data in error messages, `name` by default.
        read_as: what is known of their times, a phrase for the report.
        max_bytes: the largest size of all windows together.

    Raises:
        StudyError: values that are not finite or cannot be scaled, too few rows, nothing that varies, or windows that
            take more than `max_bytes`.
    """
    where = where or plain_name(name)
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        column = config.features[int((~np.isfinite(values[bad[0]])).argmax())]
        raise StudyError(
            f"{where}: column {shown(column)} is empty or not finite in row {bad[0] + 1}; fill it"
        )
    rows = split_table(len(values), config, where=where)
    halves = [*rows.reference, *rows.held_out]
    _check_windows([rows.train, rows.validation, *halves], config, limit=max_bytes, where=where)

    parts = {"train": [rows.train], "validation": [rows.validation], "test": halves}
    in_range, scaling, more = _in_range(values, parts, config, where=where)
    cut = {
        split: np.concatenate([_windows(x, config) for x in stretches])
        for split, stretches in in_range.items()
    }
    rng = np.random.default_rng(seed)
    laid_out = f"windows of {config.length} steps of {len(config.features)} features"
    return Dataset(
        name=name,
        train=rng.permutation(cut["train"]),
        validation=rng.permutation(cut["validation"]),
        test=cut["test"],
        shape=config.shape,
        inverse=scaling.tiled(config.length),
        source=source,
        windows=config,
        read_as="; ".join(part for part in (laid_out, read_as, _STANDARD, more) if part),
    )


def _in_range(
    values: np.ndarray, parts: Mapping[str, Sequence[slice]], config: WindowsConfig, *, where: str
) -> tuple[dict[str, list[np.ndarray]], Affine, str]:
    """The stretches of each split in the model's range, the map, and what is said of it."""
    numbers = {
        split: np.concatenate([np.arange(part.start, part.stop) for part in own])
        for split, own in parts.items()
    }
    names = Naming(
        where,
        lambda j: f"column {shown(config.features[j])}",
        lambda split, row: f"row {int(numbers[split][row]) + 1}",
    )
    splits = {split: values[own] for split, own in numbers.items()}
    scaling, more = bounded(standardise(splits["train"], names=names), splits, names=names)
    found = {split: to_range(x, scaling, split=split, names=names) for split, x in splits.items()}
    ends = {split: np.cumsum([part.stop - part.start for part in own])[:-1] for split, own in parts.items()}
    return {split: np.split(found[split], ends[split]) for split in parts}, scaling, more


@dataclasses.dataclass(frozen=True)
class TableRows:
    """Disjoint stretches of rows; both halves of test consist of equally many stretches of one length."""

    train: slice
    validation: slice
    reference: tuple[slice, ...]
    held_out: tuple[slice, ...]


def split_table(n: int, config: WindowsConfig, *, where: str) -> TableRows:
    """The rows of each split, out of n: train 5/9, validation 1/9, test 1/3, after leaving out the gaps.

    Raises:
        StudyError: a split would hold no window.
    """
    gap = config.length if config.gap is None else config.gap
    usable = n - 2 * gap
    test, validation = round(usable * TEST_SHARE), round(usable * VALIDATION_SHARE)
    train = usable - test - validation
    if min(validation, test // 2) < config.length:
        raise StudyError(
            f"{where}: {n} rows are too few for windows of {config.length} steps and gaps of {gap} rows; give at least "
            f"{2 * gap + 9 * config.length + 9} rows, or shorter windows"
        )
    starts = train + gap, train + validation + 2 * gap
    fours = test // (4 * _STRETCH * config.length)
    count = 4 * max(fours, 1) if test >= 8 * config.length else 2
    stretches = list(_stretches(starts[1], test // count, count))
    return TableRows(
        train=slice(0, train),
        validation=slice(starts[0], starts[0] + validation),
        reference=tuple(part for i, part in enumerate(stretches) if i % 4 in (0, 3)),
        held_out=tuple(part for i, part in enumerate(stretches) if i % 4 in (1, 2)),
    )


def _stretches(start: int, length: int, count: int) -> Iterator[slice]:
    return (slice(start + i * length, start + (i + 1) * length) for i in range(count))


def _check_windows(parts: Sequence[slice], config: WindowsConfig, *, limit: int, where: str) -> None:
    """Refuse windows that overlap so much that a small table would take too much memory."""
    steps = [part.stop - part.start - config.length for part in parts]
    windows = sum(step // config.stride + 1 for step in steps if step >= 0)
    size = windows * config.length * len(config.features) * np.dtype(np.float32).itemsize
    verb = f"in {windows} windows of {config.length} steps takes"
    check_bytes(size, limit=limit, where=where, verb=verb)


def _windows(rows: np.ndarray, config: WindowsConfig) -> np.ndarray:
    """All windows of consecutive rows `[r, F]`, flattened step by step: `[N, T * F]`."""
    views = np.lib.stride_tricks.sliding_window_view(rows, config.length, axis=0)[:: config.stride]
    return views.transpose(0, 2, 1).reshape(len(views), -1)
