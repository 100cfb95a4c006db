"""Comparisons of two conditions, paired by seed, as a table of contrasts."""

import dataclasses
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from study.statistics import contrasts


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


def at_each(table: pd.DataFrame, column: str) -> Iterator[tuple[float, pd.DataFrame]]:
    """The rows at each value of the index level `column`; if there are several, then their mean by seed, labelled NaN.

    The other index level is "seed". Seeds that lack one of the values are left out of the mean.
    """
    parts = [(float(str(value)), rows.droplevel(column)) for value, rows in table.groupby(level=column)]
    yield from parts
    if len(parts) > 1:
        counted = table.groupby(level="seed").size()
        everywhere = counted.index[counted == len(parts)]
        kept = table[table.index.get_level_values("seed").isin(everywhere)]
        yield np.nan, kept.groupby(level="seed").mean()
