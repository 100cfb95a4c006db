"""The summary of results: every strategy and metric, at every setting and averaged over the grid."""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.statistics.estimates import Means, crossed
from study.statistics.gaps import PRIMARY, Gaps, State, counted, gaps
from study.statistics.leaders import leader, may_be_best
from study.statistics.replicates import BASELINE, evaluations
from study.statistics.scores import Scores, scores
from study.statistics.verdicts import verdicts
from study.tables.names import COSTS, MODEL, REFERENCES, SHARES

APART = (*REFERENCES, MODEL)  # rows that do not compete
SHARE = (0.0, 1.0)


@np.errstate(invalid="ignore", over="ignore")  # the mean of infinities of both signs is NaN
def summarise(metrics: pd.DataFrame) -> pd.DataFrame:
    """One row per (α, β), strategy and metric, and one averaged over the grid (α, β, s are NaN).

    Kinds of models (family, family_settings, decode) are never averaged over: each has its own rows, compared with its
    own `prior`. The effect is the share of the gap closed (`gaps`). Averages over the grid, of the metric too, hold for
    these settings and leave out those where the primary metric (`gaps.PRIMARY`) or the metric itself can show no
    effect, unless it can at none. For each metric Holm's correction has two families, both over all kinds of models:
    strategies averaged over the grid, and strategies × settings.

    Args:
        metrics: `Results.metrics`, joined with the configuration columns.

    Returns:
        Columns family, family_settings, decode, alpha, beta, noise_variance, strategy, metric, better, reference, n,
        seeds, evaluations (those that differ); mean, low_mean, high_mean of the metric, and difference, low, high from
        `prior`, paired; if the metric is best at 1, differences and averages over the grid are those of
        |v − 1| (all these intervals are of 95 %, not corrected); effect, effect_low,
        effect_high (95 %) and lowest, highest (corrected); state ("ok", or why there is no effect, see `gaps`),
        settings (number in the average); p_holm, detectable, seeds_needed and verdict as in `verdicts`, "baseline" for
        the prior and "none" for rows of reference; standing: "best" for the only strategy that may be the best,
        "may be best" for one of several, else "".
    """
    rows: list[dict[str, Any]] = []
    parts: list[Means] = []
    for _, kind in itertools.groupby(scores(metrics), lambda of: (of.family, of.family_settings, of.decode)):
        measured = list(kind)
        told = _told(measured)
        for of in measured:
            facts, effect = _rows(of, told)
            rows += facts
            parts.append(effect)
    if not rows:
        return pd.DataFrame()
    summary = pd.DataFrame(rows)
    distinct = summary["metric"].map(evaluations(metrics[metrics["status"] == "ok"]))
    summary["evaluations"] = np.minimum(summary["evaluations"], distinct)
    effects = Means(*(np.concatenate(fields) for fields in zip(*parts, strict=True)))
    low, high = effects.ends()
    tested = summary["verdict"].eq("").to_numpy()
    unknown = {name: np.where(tested, getattr(effects, name), np.nan) for name in ("error", "freedom", "p")}
    families = list(zip(summary["metric"], summary["alpha"].isna(), strict=True))
    found = verdicts(effects._replace(**unknown), families)
    return summary.assign(
        effect=effects.mean, effect_low=low, effect_high=high, lowest=found.low, highest=found.high,
        p_holm=found.p_holm, detectable=found.detectable, seeds_needed=found.seeds,
        verdict=np.where(tested, found.verdict, summary["verdict"]),
    )  # fmt: skip


def _told(measured: Sequence[Scores]) -> set[tuple[float, ...]]:
    """The (α, β) of one kind of model where the primary metric can show an effect; empty if there is none."""
    directed = [of for of in measured if of.better != "none"]
    of = next((of for name in PRIMARY for of in directed if of.metric == name), None)
    if of is None:
        return set()
    return {where[:2] for where, state in zip(of.settings, gaps(of).states, strict=True) if state == "ok"}


def _rows(of: Scores, told: set[tuple[float, ...]]) -> tuple[list[dict[str, Any]], Means]:
    """The rows of one metric and kind of model, before verdicts, and their effects."""
    shares = gaps(of) if of.better != "none" else None
    unknown: list[State] = ["no floor"] * len(of.settings)
    states = shares.states if shares and of.metric not in COSTS else unknown
    none = np.full(of.values[:, 0].shape, np.nan)
    rows, effects = [], []
    whole = counted(states, [where[:2] in told for where in of.settings])
    for kept, average in [*(([k], False) for k in range(len(of.settings))), (whole, True)]:
        part = none if shares is None else shares.over(kept)
        facts = list(_facts(of, kept, shares, part, average=average))
        there = [a for a, row in enumerate(facts) if row["seeds"]]
        rows += [facts[a] for a in there]
        effects.append(Means(*(field[there] for field in crossed(part))))
    return rows, Means(*(np.concatenate(fields) for fields in zip(*effects, strict=True)))


def _facts(
    of: Scores, kept: list[int], shares: Gaps | None, part: np.ndarray, *, average: bool
) -> Iterator[dict[str, Any]]:
    paired = of.values if of.better != "one" else of.costs
    # An average over settings of values best at 1 would be near 1 where some are far above and some far below; one of
    # a single setting stands in tables beside those of kinds of models with several.
    own = crossed((paired if average else of.values)[:, kept].mean(1))
    base = (
        paired[of.strategies.index(BASELINE)]
        if BASELINE in of.strategies
        else np.full(paired.shape[1:], np.nan)
    )
    apart = crossed((paired - base)[:, kept].mean(1))
    (low_mean, high_mean), (low, high) = own.ends(within=SHARE if of.metric in SHARES else None), apart.ends()
    states = [shares.states[k] for k in kept] if shares else [""]
    state = states[0] if len(set(states)) == 1 else "no setting can tell"
    stands = _standing(of, part if state == "ok" else None)
    alpha, beta, noise = (math.nan,) * 3 if average else of.settings[kept[0]]
    for a, strategy in enumerate(of.strategies):
        verdict = "baseline" if strategy == BASELINE else "none" if strategy in APART or state != "ok" else ""
        yield {
            "family": of.family, "family_settings": of.family_settings, "decode": of.decode,
            "alpha": alpha, "beta": beta, "noise_variance": noise, "strategy": strategy, "metric": of.metric,
            "better": of.better, "reference": of.reference, "n": of.n,
            "seeds": int(own.seeds[a]), "evaluations": int(own.evaluations[a]),
            "mean": own.mean[a], "low_mean": low_mean[a], "high_mean": high_mean[a],
            "difference": apart.mean[a], "low": low[a], "high": high[a],
            "state": state, "settings": len(kept), "verdict": verdict, "standing": stands[a],
        }  # fmt: skip


def _standing(of: Scores, shares: np.ndarray | None) -> list[str]:
    """Who may be the best; nobody where the metric can show no effect."""
    stands = [""] * len(of.strategies)
    rivals = [a for a, name in enumerate(of.strategies) if name not in APART]
    if shares is None or not rivals:
        return stands
    names = [of.strategies[a] for a in rivals]
    first = leader(shares[rivals], names)
    some = may_be_best(shares[rivals])
    for a, name, may in zip(rivals, names, some, strict=True):
        if may and first is not None:
            stands[a] = "best" if some.sum() == 1 and name == first else "may be best"
    return stands
