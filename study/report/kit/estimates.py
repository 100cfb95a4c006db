"""Means over trainings with their intervals, group by group."""

from collections.abc import Iterable, Sequence
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
    scored = metrics[(metrics["status"] == "ok") & metrics["metric"].isin(list(names))]
    return scored.groupby(list(by))["value"].mean()
