"""Contrasts between any two conditions, paired by seed; see `summary` for each strategy against its model's prior."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from study.statistics.estimates import Means, crossed
from study.statistics.scores import distance_from_best
from study.statistics.verdicts import verdicts


@np.errstate(invalid="ignore", over="ignore")  # the mean of infinities of both signs is NaN
def contrasts(
    facts: Sequence[Mapping[str, Any]],
    pairs: Sequence[Float[np.ndarray, "_ 2 _"]],
    *,
    families: Sequence[Hashable],
    matters: float | None = None,
) -> pd.DataFrame:
    """Differences own − other, paired by training seed, with intervals and verdicts.

    Of a metric that is best at 1 the difference is that of |v − 1|, seed by seed.

    Args:
        facts: for each contrast, the first columns of its row, including `better`, the metric's better direction.
        pairs: for each contrast own and other, by seed and evaluation.
        families: for each contrast a label; p-values with equal labels are corrected together by Holm's method.
        matters: the smallest difference that matters, in the unit of all contrasts; None where none is declared.

    Returns:
        The facts, and columns seeds, own, other (means), difference, low, high (95 %, not corrected), p_holm, verdict
        ("better" or "worse" if p_holm is below 0.05, else "equivalent" if the corrected interval lies within
        ± `matters`, else "not decided"; "none" without an interval or a better direction), and detectable: the smallest
        difference that as many seeds tell with 80 % at the corrected level.
        Empty if there are no contrasts.
    """
    if not facts:
        return pd.DataFrame()
    most = max(len(pair) for pair in pairs), max(pair.shape[2] for pair in pairs)
    sides = np.full((2, len(facts), *most), np.nan)
    gains = np.full(sides.shape[1:], np.nan)
    for i, (fact, pair) in enumerate(zip(facts, pairs, strict=True)):
        better = str(fact["better"])
        size = len(pair), pair.shape[2]
        sides[:, i, : size[0], : size[1]] = pair.swapaxes(0, 1)
        if better != "none":
            gains[i, : size[0], : size[1]] = np.subtract(
                *distance_from_best(pair.swapaxes(0, 1)[::-1], better)
            )
    signs = np.array([-1.0 if fact["better"] in ("lower", "one") else 1.0 for fact in facts])
    undirected = np.array([fact["better"] == "none" for fact in facts])
    paired = crossed(np.where(undirected[:, None, None], sides[0] - sides[1], signs[:, None, None] * gains))
    low, high = paired.ends()
    effects = Means(*(np.where(undirected, np.nan, field) for field in crossed(gains)))
    found = verdicts(effects, families, matters=matters)
    own, other = crossed(sides).mean
    return pd.DataFrame(facts).assign(
        seeds=[len(pair) for pair in pairs], own=own, other=other, difference=paired.mean, low=low, high=high,
        p_holm=found.p_holm, verdict=found.verdict, detectable=found.detectable,
    )  # fmt: skip
