"""The strategies that may be the best: a set that holds the best one with 95 %."""

from collections.abc import Sequence

import numpy as np

from study.statistics.estimates import LEVEL, crossed


@np.errstate(invalid="ignore", over="ignore")  # infinite scores have no difference
def may_be_best(scores: np.ndarray) -> np.ndarray:
    """Which of A strategies, with scores `[A, S, E]` of which more is better, cannot be told from the best.

    A strategy is left out if some other one is better in a one-sided paired test at 0.05 / (A − 1). The truly best one
    is then left out with at most 5 % :cite:`hsu1996`. Differences without spread leave nothing out. Strategies without
    scores are not in the set.

    Returns:
        `[A]` booleans.
    """
    scores = np.asarray(scores, np.float64)
    scored = ~np.isnan(scores).all((-2, -1))
    rivals = int(scored.sum()) - 1
    if rivals < 1:
        return scored
    behind = crossed(scores[None, :] - scores[:, None])  # [a, b]: how much better b is than a
    p = np.where(behind.mean > 0, behind.p / 2, 1 - behind.p / 2)  # one-sided
    return scored & ~(p < (1 - LEVEL) / rivals).any(1)


@np.errstate(invalid="ignore", over="ignore")
def leader(scores: np.ndarray, names: Sequence[str]) -> str | None:
    """The strategy with the best mean of scores `[A, S, E]`, among those that lack no seed that another has."""
    present = ~np.isnan(np.asarray(scores, np.float64))
    whole = present.sum((-2, -1)) == present.any(0).sum()
    mean = np.where(whole & present.any((-2, -1)), crossed(scores).mean, -np.inf)
    return names[int(mean.argmax())] if np.isfinite(mean).any() else None
