"""Means over trainings with their intervals, group by group."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.report import frames
from study.statistics import bootstrap_interval
from study.tables.results import Results

SETTING = ("alpha", "beta", "noise_variance")


def estimate(
    name: str, values: Iterable[float], *, within: tuple[float, float] | None = None
) -> dict[str, float]:
    """The mean over trainings as `name`, and its 95 % interval as `<name>_low` and `<name>_high`.

    Args:
        name: what the values are.
        values: one for each training.
        within: the range of a share or a probability, which its interval does not leave.
    """
    mean, low, high = bootstrap_interval(np.asarray(list(values), np.float64))
    if within is not None:
        low, high = np.clip([low, high], *within)
    return {name: mean, f"{name}_low": low, f"{name}_high": high}


def estimates(
    table: pd.DataFrame, *, by: Sequence[str], of: Iterable[str], counted: str = "trainings"
) -> pd.DataFrame:
    """The `estimate` of some columns in every group of rows, one row for each training.

    Args:
        table: one row for each training.
        by: the columns that name a group; their values may be missing.
        of: the columns that are estimated; those that a group has no value of are left out of its row.
        counted: what the column with the number of trainings is called.
    """
    rows = []
    for place, own in table.groupby(list(by), dropna=False):
        row: dict[str, Any] = {**dict(zip(by, place, strict=True)), counted: len(own)}
        for name in of:
            if name in own and own[name].notna().any():
                row |= estimate(name, own[name])
        rows.append(row)
    return pd.DataFrame(rows)


def by_run(results: Results, *columns: str) -> pd.DataFrame:
    """What was measured of each trained model (`frames.models`), beside some columns of its run."""
    return frames.models(results).join(results.runs.set_index("run_id")[list(columns)])


def values(metrics: pd.DataFrame, names: Iterable[str], *, by: Sequence[str]) -> pd.Series:
    """The values of some metrics that could be measured, fits and draws averaged, indexed by the columns `by`."""
    return _scored(metrics, names).groupby(list(by))["value"].mean()


def each_metric(
    metrics: pd.DataFrame, names: Iterable[str], *, rows: Sequence[str], columns: Sequence[str]
) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Each metric, which way of it is better, and its values (fits and draws averaged) as a table.

    Args:
        metrics: the table of that name.
        names: of metrics; one that nothing could be measured of is left out.
        rows: the columns of `metrics` that tell the rows of a table apart.
        columns: those that tell its columns apart.
    """
    for (name, better), own in _scored(metrics, names).groupby(["metric", "better"]):
        yield str(name), str(better), own.pivot_table(index=list(rows), columns=list(columns), values="value")


def each_place(table: pd.DataFrame, names: Sequence[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """The rows of every group that some columns or index levels tell apart, with what these are there."""
    for place, part in table.groupby(list(names)):
        yield dict(zip(names, place, strict=True)), part


def _scored(metrics: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    return metrics[(metrics["status"] == "ok") & metrics["metric"].isin(list(names))]
