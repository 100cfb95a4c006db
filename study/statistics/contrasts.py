"""Contrasts that are no strategy against the prior of its own model: one thing against another, seed by seed."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.statistics.intervals import LEVEL, intervals
from study.statistics.multiplicity import holm
from study.statistics.standing import distance_from_best


@np.errstate(invalid="ignore", over="ignore")  # infinities of both signs have no mean: NaN
def contrasts(
    facts: Sequence[Mapping[str, Any]], pairs: Sequence[np.ndarray], *, families: Sequence[Hashable]
) -> pd.DataFrame:
    """Differences own − other, paired by training seed, with what they come to.

    Args:
        facts: of each contrast, what its row begins with; `better` of its metric is among them.
        pairs: of each contrast `[seeds, 2]`, own and other.
        families: of each contrast, what p-values it is corrected together with after Holm.

    Returns:
        The facts, and columns seeds, own, other (means), difference, low, high (95 %, each on its own), p_holm and
        verdict: "better" or "worse" where p_holm is below 0.05, "tie" where not, "none" where there is no interval or
        no direction. Empty where there are no contrasts.
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
    """ "better" or "worse" where p, corrected, is below 0.05, "tie" where not; "none" without p or direction."""
    if better == "none" or np.isnan(p):
        return "none"
    if not p < 1 - LEVEL:
        return "tie"
    here, there = distance_from_best(np.array([own, other]), better)
    return "better" if here < there else "worse"
