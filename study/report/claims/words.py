"""Verdicts on claims in words: the cells of the table, the rows of a claim's own table, and what is missing."""

import math
import re
from collections.abc import Iterator, Sequence

from study.claims.base import Unit
from study.claims.thresholds import Threshold
from study.claims.verdicts import Judged, Outcome
from study.report.outside import tame
from study.report.text.numbers import count, interval, listed, number
from study.report.text.words import word

STRATEGY = re.compile(r"`[^`]+`")
NONE_YET = "none yet"
SCALE: dict[Unit, tuple[float, str]] = {
    "gap": (100, " %"),
    "points": (100, " points"),
    "percent": (100, " %"),
    "nats": (1, " nats"),
    "sd": (1, " sd"),
    "plain": (1, ""),
}
SIDES = {"above": "> {}", "below": "< {}", "apart": "beyond ± {}", "within": "within ± {}"}
MEASURES = {
    "inside": "draws that look real",
    "mean_variance": "variance of means",
    "marginal_kl": "KL of marginals",
    "w1": "W₁",
    "ks": "KS",
    "kl": "KL per latent",
    "same class": "neighbours",
    "distances": "distances",
}


def label(metric: str) -> str:
    """What a metric or measure is called in a table."""
    return MEASURES.get(metric) or word(metric).label


def effect(one: Outcome) -> str:
    """The effect with its 95 % interval and unit."""
    scale, unit = SCALE[one.test.unit]
    return interval(one.effect, one.low, one.high, scale=scale, places=0 if scale == 100 else None) + unit


def wanted(one: Outcome) -> str:
    """Where the effect must lie to support the claim."""
    scale, unit = SCALE[one.test.unit]
    size = f"{number(one.test.least * scale, 0 if scale == 100 else None)}{unit}"
    return SIDES[one.test.supports].format(size)


def verdict(one: Judged) -> str:
    """The verdict in words."""
    return one.verdict if one.evidence else NONE_YET


def notes(one: Judged) -> Iterator[str]:
    """What a cell says under the verdict: where the claim holds or why it is open, or else the effect that shows it."""
    if one.verdict == "depends":
        yield from _parts(one)
    elif one.evidence and one.verdict == "not decided":
        yield one.on
    elif one.evidence and one.shown is not None:
        yield f"{label(one.shown.test.metric)} {effect(one.shown)}"


def _parts(one: Judged) -> Iterator[str]:
    """For each part of a claim its verdict, or where along an axis it holds."""
    parts: dict[str, list[Outcome]] = {}
    for test in one.tests:
        if test.decided:
            parts.setdefault(test.test.part, []).append(test)
    for part, own in parts.items():
        yield f"{part}: " * bool(part) + ", ".join(_part(own))


def _part(own: Sequence[Outcome]) -> Iterator[str]:
    """Where a part of a claim holds by one of its tests, and what those say that say the same at all settings."""
    said = {test.verdict for test in own}
    if said in ({"supported"}, {"refuted"}):
        yield said.pop()
        return
    turns = [test for test in own if test.thresholds]
    if turns:
        yield f"{holds(turns[0].thresholds[0])} ({_named(turns[0], own)})"
    for verdict in ("supported", "refuted"):
        names = list(dict.fromkeys(_named(test, own) for test in own if test.verdict == verdict))
        if names:
            yield f"{verdict} by {listed(names)}"


def _named(one: Outcome, among: Sequence[Outcome]) -> str:
    """The metric of a test, with the strategy that it is about if another test has the same metric."""
    shown = label(one.test.metric)
    same = {test.test.quantity for test in among if label(test.test.metric) == shown}
    about = STRATEGY.search(one.test.quantity)
    return f"{shown} of {about[0]}" if len(same) > 1 and about else shown


def holds(one: Threshold) -> str:
    """On which side of a threshold a claim holds: "holds for s < 0.13 [0.12, 0.16]"."""
    if one.below == one.above:
        where = "between both ends" if one.below == "refuted" else "at both ends"
        return f"holds {where} of the range of {one.axis} alone"
    return f"holds for {at(one, '<' if one.below == 'supported' else '>')}"


def at(one: Threshold, sign: str = "=") -> str:
    """Where a verdict changes, "s = 0.13 [0.12, 0.16]"; an end beyond the settings that were trained is infinite."""
    if math.isnan(one.value):
        return f"some {one.axis}"
    if math.isfinite(one.low) and math.isfinite(one.high):
        said = interval(one.value, one.low, one.high)
    else:  # NaN: there is no interval
        known = "" if math.isnan(one.low) else f" [{number(one.low)}, {number(one.high)}]"
        said = number(one.value) + known
    return f"{one.axis}\N{NO-BREAK SPACE}{sign}\N{NO-BREAK SPACE}{said}"


def turn(one: Threshold) -> str:
    """Where a verdict changes, and what it is on either side."""
    kind = f" ({tame(one.line)})" if one.line else ""
    if one.below == one.above:
        return f"{one.below} at both ends of {one.axis} and not between them{kind}"
    return f"{one.below} below {at(one)}, {one.above} above{kind}"


def settings(one: Outcome) -> str:
    """At how many settings a test says what."""
    said = [f"{n} {name}" for n, name in zip(one.counts, ("for", "against", "open"), strict=True) if n]
    left = [f"{n} {state}" for state, n in one.left_out]
    return ", ".join(said) + (f"; left out: {', '.join(left)}" if left else "")


def trainings(one: Outcome) -> str:
    """How many trainings each setting has."""
    return count(one.seeds, "training") if one.seeds else "—"


def commands(one: Judged) -> list[str]:
    """The commands that make the tables which no test could read."""
    missing = dict.fromkeys(test.test.reads[0] for test in one.tests if test.found is None)
    return [f"study run {name} --dataset {one.dataset}" for name in missing]
