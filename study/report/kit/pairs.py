"""Comparisons of two conditions, paired by seed, as a table of contrasts."""

import dataclasses
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtr, stdtrit

from study.report.kit.estimates import each_metric, each_place
from study.statistics import LEVEL, contrasts, holm


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """Two conditions that were measured with the same seeds.

    Attributes:
        facts: the first columns of its row in the table, including `better`, the metric's better direction.
        own, other: values of the two conditions, indexed by seed or by model; values that only one of them has are
            left out.
        family: pairs with the same value are corrected together by Holm's method.
    """

    facts: Mapping[str, Any]
    own: pd.Series
    other: pd.Series
    family: Hashable


def paired(pairs: Iterable[Pair], *, own: str = "own", other: str = "other") -> pd.DataFrame:
    """The table of `study.statistics.contrasts` of own − other; `own` and `other` also name the columns of means.

    Of a metric that is best at 1 the difference is that of |v − 1|, seed by seed. A verdict is on `own`: "better",
    "worse", "not decided" with the difference in `detectable` that so many seeds would have shown, or "none".
    """
    kept, values = [], []
    for pair in pairs:
        both = pd.concat([pair.own, pair.other], axis=1, join="inner").dropna().to_numpy(np.float64)
        if len(both):
            kept.append(pair)
            values.append(both[..., None])
    table = contrasts([pair.facts for pair in kept], values, families=[pair.family for pair in kept])
    return table.rename(columns={"own": own, "other": other})


def compared(
    metrics: pd.DataFrame,
    names: Iterable[str],
    pairs: Sequence[tuple[Mapping[str, Any], Hashable, Hashable]],
    *,
    columns: Sequence[str] = ("family", "strategy"),
    places: Sequence[str] = ("beta",),
    average: bool = False,
    **named: str,
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
        named: `own` and `other` of `paired`.

    Returns:
        Columns: the facts of the pair, places, metric, better, and those of `paired`.
    """
    made = []
    for metric, better, table in each_metric(metrics, names, rows=[*places, "seed"], columns=columns):
        for facts, own, other in pairs:
            if not {own, other} <= set(table):
                continue
            both = table[[own, other]].dropna()
            parts = [*each_place(both, places)]
            parts += [*_averaged(both, places)] if average and len(parts) > 1 else []
            for place, part in parts:
                whole = {**facts, **place, "metric": metric, "better": better}
                family = (metric, pd.isna(place[places[0]]))
                made.append(Pair(whole, part[own].droplevel(places), part[other].droplevel(places), family))
    return paired(made, **named)


def _averaged(both: pd.DataFrame, places: Sequence[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """The mean over places of each seed that has all of them, under the place NaN."""
    nowhere = dict.fromkeys(places, np.nan)
    n = len(both.groupby(level=list(places)))
    by_seed = both.groupby(level="seed")
    mean = by_seed.mean()[by_seed.size() == n]
    index = pd.MultiIndex.from_tuples(
        [(*nowhere.values(), seed) for seed in mean.index], names=[*places, "seed"]
    )
    yield nowhere, mean.set_axis(index)


def decided(difference: pd.Series, low: pd.Series, high: pd.Series, seeds: pd.Series) -> pd.Series:
    """Verdicts on differences of which more is better, from their 95 % intervals, corrected together by Holm's method.

    For intervals that are not Student's alone: a p-value is what Student's distribution with the freedom of the seeds
    gives the end towards zero. Parts of an interval with more freedom make it too large rather than too small.
    """
    value, ends, freedom = difference.to_numpy(float), (low, high), seeds.to_numpy(float) - 1
    reach = np.where(value < 0, ends[1] - value, value - ends[0])
    p = holm(2 * stdtr(freedom, -np.abs(value) / reach * stdtrit(freedom, (1 + LEVEL) / 2)))
    told = np.where(p < 1 - LEVEL, np.where(value < 0, "worse", "better"), "not decided")
    return pd.Series(np.where(np.isfinite(p), told, "none"), difference.index)
