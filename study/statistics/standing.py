"""Which strategy leads each metric, alone or tied."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from study.statistics.intervals import intervals
from study.statistics.replicates import Replicates
from study.tables.names import REFERENCES


def distance_from_best(value: Float[np.ndarray, "*S"], better: str) -> Float[np.ndarray, "*S"]:
    """A score in which smaller is better: value, −value, or |value − 1|."""
    return {"lower": value, "higher": -value, "one": np.abs(value - 1)}[better]


def standings(rows: Sequence[Replicates]) -> list[str]:
    """Per row: "best" for a sole leader, "tied" for a leader and all that are indistinguishable from it, else "".

    "best" requires every single interval against the leader to exclude zero, so it needs no correction. Reference
    rows and strategies that lack a seed do not compete.
    """
    contests = defaultdict(list)
    for i, row in enumerate(rows):
        if row.strategy not in [*REFERENCES, "model"] and row.better != "none":
            kind = (row.family, row.family_settings, row.decode, row.setting, row.metric)
            contests[repr(kind)].append(i)  # repr, since NaN does not equal itself
    pairs: list[tuple[int, int]] = []
    for members in contests.values():
        seeds = np.unique(np.concatenate([rows[i].seeds for i in members]))
        whole = {i: float(_cost(rows[i]).mean()) for i in members if len(rows[i].seeds) == len(seeds)}
        if whole:
            leader = min(whole, key=lambda i: whole[i])
            pairs += [(leader, i) for i in whole]
    behind = intervals([_apart(rows[i], rows[leader]) for leader, i in pairs]).low
    out = [""] * len(rows)
    for (leader, i), low in zip(pairs, behind, strict=True):
        if i == leader:
            out[leader] = out[leader] or "best"
        elif not low > 0:
            out[i] = out[leader] = "tied"
    return out


def _cost(row: Replicates) -> Float[np.ndarray, "S fits draws"]:
    """The mean within each training run is its distance from the best value."""
    if row.better != "one":
        return distance_from_best(row.values, row.better)
    side = np.where(row.values.mean((1, 2), keepdims=True) < 1, -1.0, 1.0)
    return side * (row.values - 1)


def _apart(row: Replicates, leader: Replicates) -> Float[np.ndarray, "S fits draws"]:
    own, best = _cost(row), _cost(leader)
    if own.shape != best.shape:  # one of them lacks a draw
        own, best = (c.mean((1, 2), keepdims=True) for c in (own, best))
    return own - best
