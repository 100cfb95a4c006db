"""The numbers that claims are about: each function makes one from names, to be read from any experiment's tables.

They take plain VAEs whose samples are the decoder's means, unless they say otherwise.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from study.claims.base import Effect, Effects
from study.claims.evidence import PLACE, Evidence, Scored, each_place
from study.claims.thresholds import axis_value, line_of
from study.statistics.estimates import crossed
from study.statistics.gaps import share_of_gap
from study.statistics.novelty import controls, excess

PLAIN: Mapping[str, Any] = {"family": "vae", "decode": "mean"}
Where = Mapping[str, Any]


def closed(
    strategy: str, metric: str, *, minus: str = "prior", times: float = 1.0, where: Where = PLAIN
) -> Effects:
    """The share of the gap that a strategy closes, less `times` the share that another one closes (the prior: none)."""

    def of(found: Scored) -> np.ndarray | None:
        own, other = found.share(strategy), found.share(minus)
        return None if own is None or other is None else own - times * other

    return _each(metric, of, where)


def ahead(strategy: str, metric: str, *, rivals: Sequence[str]) -> Effects:
    """The share of the gap that a strategy closes, less that of the best of its rivals, which has the best mean."""

    def of(found: Scored) -> np.ndarray | None:
        own = found.share(strategy)
        others = [share for name in rivals if (share := found.share(name)) is not None]
        if own is None or not others:
            return None
        return own - max(others, key=lambda share: float(np.nan_to_num(crossed(share).mean, nan=-np.inf)))

    return _each(metric, of, PLAIN)


def difference(strategy: str, metric: str, *, minus: str, where: Where = PLAIN) -> Effects:
    """The value of a strategy less that of another one on the same model, in the metric's unit."""

    def of(found: Scored) -> np.ndarray | None:
        own, other = found.value(strategy), found.value(minus)
        return None if own is None or other is None else own - other

    return _each(metric, of, where, needs_gap=False)


def copied(strategy: str, metric: str) -> Effects:
    """How far a strategy lies from held-out data towards copies of the training data, in the metric's unit.

    Places at which the metric cannot tell copies from new examples by its controls are left out.
    """

    def effects(found: Evidence) -> Iterator[Effect]:
        for one in found.scored(metric):
            if at(one.place, PLAIN) and (values := excess(one.scores, strategy, 0)) is not None:
                yield Effect(one.place, one.scores.seeds, values, controls(one.scores, 0) or "ok")

    return lambda found: tuple(effects(found))


def value(strategy: str, metric: str, *, where: Where = PLAIN) -> Effects:
    """The value of a strategy."""
    return _each(metric, lambda found: found.value(strategy), where, needs_gap=False)


def apart(metric: str, *, strategy: str = "prior") -> Effects:
    """The value for draws of x less that for means, on the same model and z."""

    def effects(found: Evidence) -> Iterator[Effect]:
        scored = found.scored(metric)
        match = [name for name in PLACE if name != "decode"]
        for base in (one for one in scored if at(one.place, PLAIN)):
            for one in (
                one
                for one in scored
                if one.place["decode"] == "sample" and _agree(one.place, base.place, match)
            ):
                sides = [
                    Effect(base.place, o.scores.seeds, v)
                    for o in (one, base)
                    if (v := o.value(strategy)) is not None
                ]
                if len(sides) == 2:
                    seeds, (own, other) = aligned(sides)
                    yield Effect(base.place, seeds, own - other)

    return lambda found: tuple(effects(found))


def fact(of: str | Callable[[pd.DataFrame], pd.Series], *, where: Where = PLAIN) -> Effects:
    """A measurement of the model itself, or a function of several."""

    def effects(found: Evidence) -> Iterator[Effect]:
        try:
            values = found.models[of] if isinstance(of, str) else of(found.models)
        except KeyError:  # not measured in this experiment
            return
        for place, own in each_place(found.models.assign(_value=values).dropna(subset="_value")):
            if at(place, where):
                own = own.sort_values("seed")
                yield Effect(place, own["seed"].to_numpy(), own[["_value"]].to_numpy(np.float64))

    return lambda found: tuple(effects(found))


def per_model(table: str, of: Callable[[pd.DataFrame], float], *, where: Where = PLAIN) -> Effects:
    """A number from the rows of each model in `latents`, `draws` or a table of the experiment's own."""

    def effects(found: Evidence) -> Iterator[Effect]:
        for place, rows in each_place(found.table(table)):
            if at(place, where):
                own = [(seed, of(part)) for seed, part in rows.groupby("seed")]
                seeds, values = (np.array(side) for side in zip(*own, strict=True))
                yield Effect(place, seeds, values[:, None].astype(np.float64))

    return lambda found: tuple(effects(found))


def by_source(metric: str, source: str, other: str, *, relative: bool) -> Effects:
    """How much lower a metric is with z from one source than from another, on decoders of the data set in question.

    Reads the table `crossed` of `two_datasets`: data, alpha, beta, seed, source, metric, value.

    Args:
        metric: its name.
        source, other: of z, as that table calls them.
        relative: as a share of the value with the other source, for metrics that are zero at best.
    """

    def effects(found: Evidence) -> Iterator[Effect]:
        rows = found.own.get("crossed", pd.DataFrame(columns=["data", "metric", "alpha", "beta"]))
        rows = rows[(rows["data"] == found.dataset) & (rows["metric"] == metric)]
        for place, _ in each_place(found.runs):
            here = np.isclose(rows["alpha"], place["alpha"]) & np.isclose(rows["beta"], place["beta"])
            if not here.any():
                continue
            by = rows[here].pivot_table(index="seed", columns="source", values="value").sort_index()
            one, two = by[[source]].to_numpy(), by[[other]].to_numpy()
            yield Effect(
                place, by.index.to_numpy(), share_of_gap(one, two, 0 * two) if relative else two - one
            )

    return lambda found: tuple(effects(found))


def change(effects: Effects, *, axis: str, per: Callable[[float, float], float] | None = None) -> Effects:
    """The effect at the largest value of an axis less that at the smallest, by seed, on models that differ in it alone.

    Of values at which the effect cannot be seen, the next ones are taken.

    Args:
        effects: the effect at every place.
        axis: one of `study.claims.thresholds.AXES`.
        per: from the smallest and the largest value, what the difference is divided by.
    """

    def of(found: Evidence) -> Iterator[Effect]:
        for line in lines(effects(found), axis):
            kept = [one for one in line if one.state == "ok"] or line
            first, last = kept[0], kept[-1]
            low, high = axis_value(first.place, axis), axis_value(last.place, axis)
            if low < high:
                seeds, (one, other) = aligned([last, first])
                yield Effect(
                    first.place, seeds, (one - other) / (per(low, high) if per else 1.0), first.state
                )

    return lambda found: tuple(of(found))


def equal_s(effects: Effects) -> Effects:
    """The effect at each pair of weights less that at the pair with the same s whose β is nearest to 1, by seed."""

    def of(found: Evidence) -> Iterator[Effect]:
        for line in lines(effects(found), "s"):
            groups: dict[str, list[Effect]] = {}
            for one in line:
                groups.setdefault(f"{axis_value(one.place, 's'):.6g}", []).append(one)
            for own in groups.values():
                base, *others = sorted(own, key=lambda one: abs(np.log(one.place["beta"])))
                for other in others:
                    state = next((end.state for end in (base, other) if end.state != "ok"), "ok")
                    seeds, (one, two) = aligned([other, base])
                    yield Effect(other.place, seeds, one - two, state)

    return lambda found: tuple(of(found))


def against(
    metric: str,
    *,
    own: Where,
    other: Where = PLAIN,
    strategy: str = "prior",
    match: Sequence[str] = ("alpha", "beta"),
) -> Effects:
    """The share of the gap of one kind of model that another kind closes, both sampled with one strategy, by seed.

    0: as good as the models of `other`; 1: as good as real data.

    Args:
        metric: its name.
        own, other: columns of the place, with the values that choose either kind.
        strategy: how both are sampled.
        match: the columns in which two places must agree.
    """

    def of(found: Evidence) -> Iterator[Effect]:
        scored = found.scored(metric)
        for base in (one for one in scored if at(one.place, other)):
            for one in (one for one in scored if at(one.place, own) and _agree(one.place, base.place, match)):
                sides = one.cost(strategy), base.cost(strategy), base.cost("held-out")
                if any(side is None for side in sides):
                    continue
                seeds = one.scores.seeds, base.scores.seeds, base.scores.seeds
                pairs = [
                    Effect(base.place, s, side)
                    for s, side in zip(seeds, sides, strict=True)
                    if side is not None
                ]
                common, (mine, prior, floor) = aligned(pairs)
                yield Effect(base.place, common, share_of_gap(mine, prior, floor), base.state)

    return lambda found: tuple(of(found))


def only(effects: Effects, keep: Callable[[Mapping[str, Any]], bool]) -> Effects:
    """The effects at some places alone."""
    return lambda found: [one for one in effects(found) if keep(one.place)]


def decades(low: float, high: float) -> float:
    """The powers of ten between two values."""
    return math.log10(high / low)


def lines(effects: Sequence[Effect], axis: str) -> list[list[Effect]]:
    """The effects in groups that differ in the axis alone, each in its order."""
    groups: dict[Any, list[Effect]] = {}
    for one in effects:
        groups.setdefault(line_of(one.place, axis), []).append(one)
    return [sorted(own, key=lambda one: axis_value(one.place, axis)) for own in groups.values()]


def aligned(effects: Sequence[Effect]) -> tuple[np.ndarray, np.ndarray]:
    """All seeds, and the values `[K, S, E]` of K effects; NaN where one lacks a seed or an evaluation."""
    seeds = np.unique(np.concatenate([one.seeds for one in effects]))
    values = np.full((len(effects), len(seeds), max(one.values.shape[1] for one in effects)), np.nan)
    for k, one in enumerate(effects):
        values[k, np.searchsorted(seeds, one.seeds), : one.values.shape[1]] = one.values
    return seeds, values


def at(place: Mapping[str, Any], where: Where) -> bool:
    """Whether a place has these values."""
    return all(place[name] == wanted for name, wanted in where.items())


def _agree(one: Mapping[str, Any], other: Mapping[str, Any], match: Sequence[str]) -> bool:
    return all(one[name] == other[name] or one[name] != one[name] != other[name] for name in match)


def _each(
    metric: str, of: Callable[[Scored], np.ndarray | None], where: Where, *, needs_gap: bool = True
) -> Effects:
    def effects(found: Evidence) -> Iterator[Effect]:
        for one in found.scored(metric):
            if at(one.place, where) and (values := of(one)) is not None:
                yield Effect(one.place, one.scores.seeds, values, one.state if needs_gap else "ok")

    return lambda found: tuple(effects(found))
