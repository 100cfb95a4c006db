"""Windows of a time series: rows of a table in time order become examples `[T, F]`, split without leakage.

The table is cut into train, validation and test in time order, with rows left out in between, and only then into
windows, so that no window spans two splits and no time step lies in two. The test rows are cut once more, into
stretches that go to `Dataset.reference` and `Dataset.held_out` in turn (ABBA), each with windows of its own: the two
halves share no time step either, and a drift over the test time falls on both alike. Scaling is fitted to the training
rows. Windows of train and validation are shuffled among each other, never within; those of the halves of test stay in
time order, so that whoever cross-validates can keep overlapping windows out of one fold (`fold_span`).
"""

import dataclasses
import os
import tomllib
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from study.data.base import Dataset
from study.data.scaling import Affine
from study.data.splits import TEST_SHARE, VALIDATION_SHARE
from study.errors import StudyError
from study.serialise import from_dict

_STRETCH = 4  # windows' lengths in one stretch of test rows, about


@dataclasses.dataclass(frozen=True)
class WindowsConfig:
    """What a window is: T = n_past + n_future rows of F columns.

    A step is a row: a hole in time is not seen.

    Attributes:
        time: the column of times, numbers or dates, each later than the one before.
        features: columns of a window, in order; the target comes last where it is not among them.
        target: the column whose last n_future values are to be predicted.
        n_past, n_future: rows of a window before and after the moment of prediction.
        stride: rows between the starts of two windows.
        gap: rows left out between two splits; None leaves out one window's length.
    """

    time: str
    features: tuple[str, ...]
    target: str
    n_past: int
    n_future: int
    stride: int = 1
    gap: int | None = None

    def __post_init__(self) -> None:
        columns = [*self.features, *([] if self.target in self.features else [self.target])]
        object.__setattr__(self, "features", tuple(columns))
        if len(set(self.features)) < len(self.features):
            raise StudyError(f"windows: features name a column twice: {', '.join(self.features)}")
        if self.time in self.features:
            raise StudyError(
                f"windows: {self.time!r} is the time column; leave it out of features and target"
            )
        for name, least in (("n_past", 1), ("n_future", 1), ("stride", 1), ("gap", 0)):
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            if not (name == "gap" and value is None) and not (whole and value >= least):
                raise StudyError(f"windows: {name} must be a whole number from {least} on, got {value!r}")

    @property
    def length(self) -> int:
        """T, steps of a window."""
        return self.n_past + self.n_future

    @property
    def shape(self) -> tuple[int, int]:
        """`(T, F)`."""
        return self.length, len(self.features)

    @property
    def target_index(self) -> int:
        """The target's place among the features."""
        return self.features.index(self.target)

    @property
    def fold_span(self) -> int:
        """Windows of a half of test that are at least so many places apart share no time step."""
        return -(-self.length // self.stride)


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
    seed: int = 0,
) -> Dataset:
    """Windows over a CSV file whose first line names the columns.

    Args:
        path: of the file.
        time, features, target, n_past, n_future, stride, gap: see `WindowsConfig`.
        seed: decides the order of windows in train and validation.

    Returns:
        A data set of shape `(n_past + n_future, F)`, each feature standardised by the training rows; `inverse` takes
        windows back to the units of the file.

    Raises:
        StudyError: the file cannot be read, a column is missing or not numeric, times are not in order, a value is
            missing, or there are too few rows.
    """
    if isinstance(features, str):
        raise StudyError(
            f"windows: features must be a list of columns, got {features!r}; give [{features!r}]"
        )
    config = WindowsConfig(time, tuple(features), target, n_past, n_future, stride, gap)
    path = Path(path).expanduser()
    values = read_table(path, config)
    return from_table(
        values, config, name=path.stem, seed=seed, source=f"{path.name} (own data)", where=str(path)
    )


def load_windows(path: Path, *, seed: int) -> Dataset:
    """The same from a .toml file: the keys of `WindowsConfig`, and `csv`, a path from the .toml file's folder.

    Raises:
        StudyError: not TOML, a key too many or too few, or whatever `windows` finds wrong.
    """
    try:
        settings: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StudyError(f"{path}: cannot be read as TOML ({' '.join(str(error).split())})") from error
    needed = [f.name for f in dataclasses.fields(WindowsConfig) if f.default is dataclasses.MISSING]
    absent = [name for name in ("csv", *needed) if name not in settings]
    if absent:
        raise StudyError(f"{path}: {absent[0]!r} is missing; windows need {', '.join(['csv', *needed])}")
    table = path.parent / str(settings.pop("csv"))
    config = from_dict(WindowsConfig, settings, where=str(path))
    values = read_table(table, config)
    return from_table(
        values, config, name=path.stem, seed=seed, source=f"{table.name} (own data)", where=str(table)
    )


def read_table(path: Path, config: WindowsConfig) -> np.ndarray:
    """The features' columns of a CSV file, `[R, F]` float64, after checking them and the times.

    Raises:
        StudyError: see `windows`.
    """
    import pandas as pd

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # rows longer than the header lose data
            frame = pd.read_csv(path, low_memory=False, index_col=False)
    except (OSError, ValueError, pd.errors.ParserWarning) as error:  # parser errors are ValueErrors
        raise StudyError(
            f"{path}: cannot be read as CSV ({' '.join(str(error).split())}); give a comma-separated file in UTF-8"
        ) from error
    for column in (config.time, *config.features):
        if column not in frame:
            raise StudyError(f"{path}: no column {column!r}; it has {', '.join(map(str, frame.columns))}")
    _check_times(frame[config.time], path)
    for column in config.features:
        if not pd.api.types.is_numeric_dtype(frame[column]) or pd.api.types.is_bool_dtype(frame[column]):
            raise StudyError(
                f"{path}: column {column!r} is not numeric; convert it, or leave it out of features"
            )
    return frame[list(config.features)].to_numpy(np.float64)


def _check_times(times: Any, path: Path) -> None:
    """Strictly increasing, as numbers or as dates."""
    import pandas as pd

    what = f"{path}: time column {times.name!r}"
    if times.isna().any():
        raise StudyError(
            f"{what} is empty in row {int(times.isna().to_numpy().argmax()) + 1}; fill or drop it"
        )
    if not pd.api.types.is_numeric_dtype(times):
        try:
            times = pd.to_datetime(times)
        except (ValueError, TypeError, OverflowError) as error:
            reason = " ".join(str(error).split())[:120]
            raise StudyError(f"{what} holds neither numbers nor dates ({reason})") from error
    order = times.to_numpy()
    wrong = np.flatnonzero(order[1:] <= order[:-1])
    if len(wrong):
        row = int(wrong[0]) + 2
        if order[row - 1] == order[row - 2]:
            raise StudyError(f"{what} has the same time in rows {row - 1} and {row}; keep one row per time")
        raise StudyError(f"{what}: row {row} is earlier than the row before it; sort the file by time")


def from_table(
    values: np.ndarray, config: WindowsConfig, *, name: str, seed: int, source: str, where: str | None = None
) -> Dataset:
    """Windows over rows `[R, F]` in time order.

    Args:
        values: the features' columns.
        config: what a window is.
        name: what tables call the data set.
        seed: decides the order of windows in train and validation.
        source: where the data come from, for the report.
        where: what error messages call the data, `name` by default.

    Raises:
        StudyError: values that are not finite, too few rows, or nothing that varies.
    """
    where = where or name
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(bad):
        column = config.features[int((~np.isfinite(values[bad[0]])).argmax())]
        raise StudyError(
            f"{where}: column {column!r} is empty or not finite in row {bad[0] + 1}; fill it or drop that row"
        )
    rows = split_table(len(values), config, where=where)
    train = values[rows.train]
    spread = train.std(axis=0)
    varies = np.ptp(train, axis=0) > 0
    if not varies.any():
        raise StudyError(f"{where}: every feature is constant over the training rows; give data that vary")
    tiled = [np.tile(v, config.length) for v in (train.mean(axis=0), np.where(varies, spread, 1.0))]
    scaling = Affine(*tiled)
    rng = np.random.default_rng(seed)
    cut = lambda part: scaling.to_model(_windows(values[part], config))  # noqa: E731
    return Dataset(
        name=name,
        train=rng.permutation(cut(rows.train)),
        validation=rng.permutation(cut(rows.validation)),
        test=np.concatenate([cut(part) for half in (rows.reference, rows.held_out) for part in half]),
        shape=config.shape,
        inverse=scaling,
        source=source,
        windows=config,
    )


@dataclasses.dataclass(frozen=True)
class TableRows:
    """Disjoint stretches of rows; the halves of test are as many stretches of one length."""

    train: slice
    validation: slice
    reference: tuple[slice, ...]
    held_out: tuple[slice, ...]


def split_table(n: int, config: WindowsConfig, *, where: str) -> TableRows:
    """Rows of n that each split has: train 5/9, validation 1/9, test 1/3, less the gaps.

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


def _windows(rows: np.ndarray, config: WindowsConfig) -> np.ndarray:
    """All windows of consecutive rows `[r, F]`, flattened step by step: `[N, T * F]`."""
    views = np.lib.stride_tricks.sliding_window_view(rows, config.length, axis=0)[:: config.stride]
    return views.transpose(0, 2, 1).reshape(len(views), -1)
