"""Means over trainings, and the evaluations of each, with their intervals, group by group."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.report import frames
from study.report.kit.crossed import by_evaluation, by_training, trainings
from study.statistics import interval
from study.tables.results import Results

SETTING = ("alpha", "beta", "noise_variance")


def estimate(
    name: str, values: Iterable[float], *, within: tuple[float, float] | None = None
) -> dict[str, float]:
    """The mean over trainings as `name`, and its 95 % interval as `<name>_low` and `<name>_high`.

    Args:
        name: the name of the quantity.
        values: one per training; a series with the index level `evaluation` has one per training and evaluation, and
            its interval covers both.
        within: the range of a share or a probability, which the interval cannot leave.

    Both ends are NaN with fewer than three trainings, or without spread between them.
    """
    known = by_evaluation(values if isinstance(values, pd.Series) else pd.Series(list(values), dtype=float))
    mean, low, high = interval(known.to_numpy(np.float64), within=within)
    return {name: mean, f"{name}_low": low, f"{name}_high": high}


def estimates(
    table: pd.DataFrame,
    *,
    by: Sequence[str],
    of: Iterable[str],
    counted: str = "trainings",
    within: Mapping[str, tuple[float, float]] | None = None,
) -> pd.DataFrame:
    """The `estimate` of some columns in every group of rows: one row per group.

    Args:
        table: one row per training, or, with columns seed and evaluation, one for each of its evaluations, which
            intervals then cover too.
        by: the columns that define the groups; their values may be missing.
        of: the columns to estimate; a column without values in a group is left out of that row.
        counted: name of the column with the number of trainings.
        within: ranges of columns, which hold for groups whose mean lies inside.
    """
    rows = []
    for place, own in table.groupby(list(by), dropna=False):
        row: dict[str, Any] = {**dict(zip(by, place, strict=True)), counted: trainings(own)}
        own = by_training(own) if frames.evaluated(own) else own
        for name in of:
            if name in own and own[name].notna().any():
                low, high = (within or {}).get(name, (np.nan, np.nan))
                row |= estimate(
                    name, own[name], within=(low, high) if low < own[name].mean() < high else None
                )
        rows.append(row)
    return pd.DataFrame(rows)


def by_run(results: Results, *columns: str) -> pd.DataFrame:
    """The measurements of each trained model (`frames.models`), with some columns of its run."""
    return frames.models(results).join(results.runs.set_index("run_id")[list(columns)])


def values(metrics: pd.DataFrame, names: Iterable[str], *, by: Sequence[str]) -> pd.Series:
    """The successful measurements of some metrics, averaged over whatever is not among the columns `by`, its index."""
    return _scored(metrics, names).groupby(list(by))["value"].mean()


def each_metric(
    metrics: pd.DataFrame, names: Iterable[str], *, rows: Sequence[str], columns: Sequence[str]
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Each metric's name, its better direction, and a table of its values, averaged over fits and draws.

    Args:
        metrics: `Results.metrics`.
        names: the metrics; one without successful measurements is left out.
        rows: the columns of `metrics` that index the rows of the table; `evaluation` follows, if it is there.
        columns: the columns of `metrics` that index its columns.
    """
    for (name, better), own in _scored(metrics, names).groupby(["metric", "better"]):
        index = [*rows, *frames.evaluated(own)]
        yield str(name), str(better), own.pivot_table(index=index, columns=list(columns), values="value")


def each_place(table: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """The groups of rows by some columns or index levels: the values of these, and the rows."""
    for place, part in table.groupby(list(names)):
        yield dict(zip(names, place, strict=True)), part


def _scored(metrics: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    return metrics[(metrics["status"] == "ok") & metrics["metric"].isin(list(names))]
