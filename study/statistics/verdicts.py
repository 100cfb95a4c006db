"""Four verdicts on effects: better, worse, equivalent, not decided; corrected for the number of effects in a family."""

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
        detectable: the smallest true effect that is seen at that level with 80 % power by as many seeds and
            evaluations.
        seeds: how many seeds would see an effect of `matters` at that level with 80 % power; NaN beyond 1,000.
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
        effects: `[T]` means over seeds and evaluations.
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
    bound = np.asarray(effects.reach(1 - level) / effects.error)
    detectable = _power(effects.freedom, bound) * effects.error
    needed = np.full(p.shape, math.nan) if matters is None else seeds_needed(effects, matters, level)
    return Verdicts(said, p, low, high, detectable, needed)


def detectable_effect(n: float, level: float = LEVEL) -> float:
    """The true mean, in standard deviations, that n seeds tell from zero with 80 % power at a two-sided level.

    From the noncentral t distribution :cite:`cohen1988`; NaN for n below three.
    """
    if not n >= FEWEST:
        return math.nan
    return float(_power(np.asarray(n - 1.0), np.asarray(stdtrit(n - 1.0, (1 + level) / 2)))) / math.sqrt(n)


def _power(freedom: np.ndarray, bound: np.ndarray) -> np.ndarray:
    """The true mean, in standard errors, of which 80 % of estimates exceed a bound, in estimated ones; NaN for NaN."""
    known = np.isfinite(bound)
    found = nctdtrinc(np.where(known, freedom, 1), 1 - POWER, np.where(known, bound, 1))
    return np.asarray(np.where(known, found, math.nan))


@np.errstate(invalid="ignore", divide="ignore")
def seeds_needed(effects: Means, matters: float, level: np.ndarray) -> np.ndarray:
    """The fewest seeds, from three to 1,000, with which as many evaluations tell an effect of `matters`; else NaN.

    More seeds do not lessen what evaluations add to the error, so there may be no such number.
    """
    shared = effects.shared**2
    own = (effects.error**2 - shared) * effects.seeds

    def told(n: np.ndarray) -> np.ndarray:
        between = own / n
        several = np.where(effects.evaluations > 1, shared**2 / (effects.evaluations - 1), 0)
        freedom = np.asarray((between + shared) ** 2 / (between**2 / (n - 1) + several))
        with_n = effects._replace(seeds=n, error=np.sqrt(between + shared))
        return np.asarray(
            _power(freedom, np.asarray(with_n.reach(1 - level) / with_n.error)) * with_n.error <= matters
        )

    few, many = np.full(level.shape, FEWEST - 1), np.full(level.shape, MOST_SEEDS)
    possible = told(many)
    while (open_ := many - few > 1).any():
        middle = np.where(open_, (few + many) // 2, many)
        enough = told(middle)
        few, many = np.where(open_ & ~enough, middle, few), np.where(open_ & enough, middle, many)
    return np.where(possible, many, math.nan).astype(np.float64)
