"""Pictures of several models below each other: a row per model, and on it those of several strategies."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.report.plots import style
from study.report.plots.samples import images_of, pictures, sheet
from study.report.text.numbers import listed
from study.tables.results import Results

SHOWN = 6  # pictures of each strategy


def stored(results: Results, prefix: str) -> dict[str, np.ndarray]:
    """The pictures `[k, height, width, channels]` stored under `prefix`, by the rest of their names."""
    return {
        name.removeprefix(prefix): images_of(array)
        for name, array in results.samples.items()
        if name.startswith(prefix)
    }


def pictured(
    results: Results, by: Sequence[str], label: Callable[[pd.Series], str], strategies: Sequence[str], *, title: str
) -> Figure | None:  # fmt: skip
    """One model, its first seed, of every group of runs; strategies from left to right, with the same draws.

    Args:
        results: with pictures among its samples; None is returned where there are none.
        by: the columns of `runs` that define a row, in whose order the rows come.
        label: the name of a row, from its run.
        strategies: whose pictures to show, where a model has those of all.
        title: the title, after which the strategies are named.
    """
    rows: dict[str, np.ndarray] = {}
    for _, runs in results.runs.sort_values([*by, "seed"]).groupby(list(by), dropna=False):
        run = runs.iloc[0]
        found = pictures(results, str(run["run_id"]))
        if set(strategies) <= set(found):
            rows[label(run)] = np.concatenate([found[name][:SHOWN] for name in strategies])
    named = listed(f"{SHOWN} of {name}" for name in strategies)
    with style.styled():
        return sheet(rows, title=f"{title}: {named}", together=SHOWN) if rows else None
