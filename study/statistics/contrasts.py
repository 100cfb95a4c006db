"""Contrasts between any two conditions, paired by seed; see `summary` for each strategy against its model's prior."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from study.statistics.intervals import LEVEL, intervals
from study.statistics.multiplicity import holm
from study.statistics.standing import distance_from_best


@np.errstate(invalid="ignore", over="ignore")  # the mean of infinities of both signs is NaN
def contrasts(
    facts: Sequence[Mapping[str, Any]],
    pairs: Sequence[Float[np.ndarray, "_ 2"]],
    *,
    families: Sequence[Hashable],
) -> pd.DataFrame:
    """Differences own − other, paired by training seed, with intervals and verdicts.

    Args:
        facts: for each contrast, the first columns of its row, including `better`, the metric's better direction.
        pairs: for each contrast own and other, one row per seed.
        families: for each contrast a label; p-values with equal labels are corrected together by Holm's method.

    Returns:
        The facts, and columns seeds, own, other (means), difference, low, high (95 %, not corrected), p_holm and
        verdict: "better" or "worse" if p_holm is below 0.05, else "tie"; "none" without an interval or a better
        direction. Empty if there are no contrasts.
    """
    if not facts:
        return pd.DataFrame()
    found = intervals([pair[:, 0] - pair[:, 1] for pair in pairs])
    means = np.array([pair.mean(0) for pair in pairs])
    groups: dict[Hashable, list[int]] = {}
    for i, family in enumerate(families):
        groups.setdefault(family, []).append(i)
    p = np.full(len(facts), np.nan)
    for group in groups.values():
        p[group] = holm(found.p[group])
    table = pd.DataFrame(facts).assign(
        seeds=[len(pair) for pair in pairs], own=means[:, 0], other=means[:, 1],
        difference=found.mean, low=found.low, high=found.high, p_holm=p,
    )  # fmt: skip
    table["verdict"] = [
        verdict(row["own"], row["other"], p=row["p_holm"], better=row["better"])
        for row in table.to_dict("records")
    ]
    return table


def verdict(own: float, other: float, *, p: float, better: str) -> str:
    """ "better" or "worse" if the corrected p is below 0.05, else "tie"; "none" without p or better direction."""
    if better == "none" or np.isnan(p):
        return "none"
    if not p < 1 - LEVEL:
        return "tie"
    here, there = distance_from_best(np.array([own, other]), better)
    return "better" if here < there else "worse"
