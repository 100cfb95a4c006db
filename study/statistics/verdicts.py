"""Four verdicts on effects: better, worse, equivalent, not decided; corrected for the number of effects in a family."""

import functools
import math
from collections.abc import Hashable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import nctdtrinc, stdtrit

from study.statistics.estimates import FEWEST, LEVEL, Means
from study.statistics.multiplicity import holm, holm_levels

Verdict = Literal["better", "worse", "equivalent", "not decided", "none"]
MATTERS = 0.05  # of the gap: the smallest effect that matters, declared before any result was seen
POWER = 0.8
MOST_SEEDS = 1000


class Verdicts(NamedTuple):
    """For each effect `[T]`.

    Attributes:
        verdict: of the four, or "none" without an interval.
        p_holm: p-values corrected within the family.
        low, high: the corrected interval (`holm_levels`), which excludes zero exactly where p_holm is below 0.05.
        detectable: the smallest true effect that is seen at that level with 80 % power by as many seeds.
        seeds: how many seeds would see an effect of `MATTERS` at that level with 80 % power; NaN beyond 1,000.
    """

    verdict: np.ndarray
    p_holm: np.ndarray
    low: np.ndarray
    high: np.ndarray
    detectable: np.ndarray
    seeds: np.ndarray


def verdicts(effects: Means, families: Sequence[Hashable], *, matters: float | None = MATTERS) -> Verdicts:
    """Decide on effects, of which more is better.

    "better" and "worse" by Holm's method :cite:`holm1979`; of the others "equivalent" if the corrected interval lies
    within ± `matters`, as in two one-sided tests :cite:`schuirmann1987`; else "not decided", which is no statement
    that there is no difference.

    Args:
        effects: `[T]` means over seeds.
        families: a label for each; effects with equal labels are corrected together.
        matters: the smallest effect that matters; None where none is declared, so that nothing is equivalent.
    """
    p, level = np.full((2, len(families)), math.nan)
    groups: dict[Hashable, list[int]] = {}
    for i, family in enumerate(families):
        groups.setdefault(family, []).append(i)
    for index in groups.values():
        p[index], level[index] = holm(effects.p[index]), holm_levels(effects.p[index], LEVEL)
    low, high = effects.ends(level)
    said = np.full(len(families), "none", dtype=object)
    said[np.isfinite(effects.p)] = "not decided"
    if matters is not None:
        said[(low > -matters) & (high < matters)] = "equivalent"
    decided = p < 1 - LEVEL
    said[decided] = np.where(effects.mean[decided] > 0, "better", "worse")
    n = effects.freedom + 1
    detectable = np.array([detectable_effect(*of) for of in zip(n, level, strict=True)])
    spread = effects.error * np.sqrt(n)
    needed = [
        math.nan if matters is None else seeds_needed(s / matters, at)
        for s, at in zip(spread, level, strict=True)
    ]
    return Verdicts(said, p, low, high, detectable * spread, np.array(needed, np.float64))


def detectable_effect(n: float, level: float = LEVEL) -> float:
    """The true mean, in standard deviations, that n seeds tell from zero with 80 % power at a two-sided level.

    From the noncentral t distribution :cite:`cohen1988`; NaN for n below three.
    """
    if not n >= FEWEST:
        return math.nan
    return _reach(int(n), float(level))


@functools.lru_cache(maxsize=100_000)
def _reach(n: int, level: float) -> float:
    bound = stdtrit(n - 1, (1 + level) / 2)
    return float(nctdtrinc(n - 1, 1 - POWER, bound) / math.sqrt(n))


def seeds_needed(spread: float, level: float) -> float:
    """The fewest seeds with which an effect of 1 is detectable, for a standard deviation; NaN beyond 1,000."""
    if not spread >= 0:
        return math.nan
    few, many = FEWEST - 1, MOST_SEEDS
    if _reach(many, level) * spread > 1:
        return math.nan
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if _reach(middle, level) * spread <= 1 else (middle, many)
    return float(many)
