"""Comparisons of two conditions, paired by seed and evaluation, as a table of contrasts."""

import dataclasses
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from study.report.kit.crossed import by_evaluation
from study.report.kit.estimates import each_metric, each_place
from study.statistics import LEVEL, contrasts, holm


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """Two conditions that were measured with the same seeds.

    Attributes:
        facts: the first columns of its row in the table, including `better`, the metric's better direction.
        own, other: values of the two conditions, indexed by seed or by model and, both or neither, by evaluation;
            values that only one of them has are left out.
        family: pairs with the same value are corrected together by Holm's method.
    """

    facts: Mapping[str, Any]
    own: pd.Series
    other: pd.Series
    family: Hashable


def paired(
    pairs: Iterable[Pair], *, own: str = "own", other: str = "other", matters: float | None = None
) -> pd.DataFrame:
    """The table of `study.statistics.contrasts` of own − other; `own` and `other` also name the columns of means.

    Of a metric that is best at 1 the difference is that of |v − 1|, score by score. Seeds that lack an evaluation which
    another has are left out. Intervals cover both. A verdict is on `own`: "better", "worse", "not decided" with the
    difference in `detectable` that so many seeds and evaluations would have shown, or "none".
    """
    kept, values = [], []
    for pair in pairs:
        both = pd.concat([pair.own, pair.other], axis=1, join="inner", keys=["own", "other"]).dropna()
        sides = [by_evaluation(both[side]).dropna() for side in both]
        if len(sides[0]):
            kept.append(pair)
            values.append(np.stack([side.to_numpy(np.float64) for side in sides], axis=1))
    table = contrasts(
        [pair.facts for pair in kept], values, families=[pair.family for pair in kept], matters=matters
    )
    return table.rename(columns={"own": own, "other": other})


def compared(
    metrics: pd.DataFrame,
    names: Iterable[str],
    pairs: Sequence[tuple[Mapping[str, Any], Hashable, Hashable]],
    *,
    columns: Sequence[str] = ("family", "strategy"),
    places: Sequence[str] = ("beta",),
    average: bool = False,
    own: str = "own",
    other: str = "other",
) -> pd.DataFrame:
    """The table of `paired` for pairs of conditions, metric by metric and place by place.

    Args:
        metrics: `Results.metrics`.
        names: the metrics.
        pairs: for each the first columns of its rows, and its two conditions: values of `columns`.
        columns: the columns of `metrics` that define a condition.
        places: the columns that define a place, where conditions are compared.
        average: also compare means over all places, by the seeds that have every one; their place is NaN, and they are
            a family of tests of their own.
        own, other: as in `paired`.

    Returns:
        Columns: the facts of the pair, places, metric, better, and those of `paired`.
    """
    made = []
    for metric, better, table in each_metric(metrics, names, rows=[*places, "seed"], columns=columns):
        for facts, *sides in pairs:
            if not set(sides) <= set(table):
                continue
            both = table[sides].dropna()
            parts = [(place, part.droplevel(places)) for place, part in each_place(both, places)]
            if average and len(parts) > 1:
                parts.append((dict.fromkeys(places, np.nan), _averaged([part for _, part in parts])))
            for place, part in parts:
                whole = {**facts, **place, "metric": metric, "better": better}
                made.append(Pair(whole, part[sides[0]], part[sides[1]], (metric, pd.isna(place[places[0]]))))
    return paired(made, own=own, other=other)


def _averaged(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The mean over places, of the seeds and evaluations that all of them have."""
    by_seed = pd.concat(parts).groupby(level=[*parts[0].index.names])
    return by_seed.mean()[by_seed.size() == len(parts)]


def decided(difference: pd.Series, low: pd.Series, high: pd.Series, seeds: pd.Series) -> pd.Series:
    """Verdicts on differences of which more is better, from their 95 % intervals, corrected together by Holm's method.

    For intervals that are not Student's alone, of measures with one evaluation: a p-value is what Student's
    distribution with the freedom of the seeds gives the end towards zero. Parts of an interval with more freedom make
    it too large rather than too small.
    """
    value, ends, freedom = difference.to_numpy(float), (low, high), seeds.to_numpy(float) - 1
    reach = np.where(value < 0, ends[1] - value, value - ends[0])
    p = holm(2 * stdtr(freedom, -np.abs(value) / reach * stdtrit(freedom, (1 + LEVEL) / 2)))
    told = np.where(p < 1 - LEVEL, np.where(value < 0, "worse", "better"), "not decided")
    return pd.Series(np.where(np.isfinite(p), told, "none"), difference.index)
