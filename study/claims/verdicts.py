"""The verdict on a claim: each of its tests on every place of a data set, then all of them together.

A test says on which side of `least` the effect must lie. At a place it supports the claim if the whole interval lies
on that side, refutes it if the whole interval lies on the other, and else decides nothing. Intervals are of 95 %,
corrected for the number of places; trainings and evaluations are two factors of each. Over the places of a data set a
test

- depends, if one place supports the claim and another refutes it;
- else supports or refutes it, if the interval of the mean over all places does, and more than half of the places, and
  none says the contrary (of a claim about the size of an effect of either sign: if every place does);
- else is not decided.

A claim is supported if at least two of its tests support it and none says otherwise, refuted likewise, and depends if
at least two are decided and they do not agree. Of a claim that has several parts each must be decided by a test. One
test alone, or one metric, decides nothing. Places where a metric can show no effect (nothing to gain, no decoder to
speak of) are left out, and those with fewer than five trainings.
"""

import dataclasses
import math
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np

from study.claims.base import Claim, Effect, Measure
from study.claims.evidence import Evidence
from study.claims.measures import aligned, lines
from study.claims.thresholds import SYMBOLS, Threshold, axis_value, crossing
from study.statistics.estimates import LEVEL, crossed

Verdict = Literal["supported", "refuted", "depends", "not decided"]
LEAST_SEEDS = 5
LEAST_TESTS = 2  # that must agree, of different metrics


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """The outcome of one test on one data set.

    Attributes:
        test: the test.
        found: the tables that it read; None if there are none.
        verdict: its verdict, and `reason`, why nothing is decided.
        effect, low, high: the mean over places, and its 95 % interval.
        seeds, places: how many trainings each place has at least, and at how many places the effect could be seen.
        counts: how many places support the claim, refute it, or decide nothing.
        left_out: how many places can show no effect, by reason.
        thresholds: where the verdict changes, if it depends.
    """

    test: Measure
    found: Evidence | None = None
    verdict: Verdict = "not decided"
    reason: str = ""
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    seeds: int = 0
    places: int = 0
    counts: tuple[int, int, int] = (0, 0, 0)
    left_out: tuple[tuple[str, int], ...] = ()
    thresholds: tuple[Threshold, ...] = ()

    @property
    def decided(self) -> bool:
        """Whether it says anything."""
        return self.verdict != "not decided"


@dataclasses.dataclass(frozen=True, eq=False)
class Judged:
    """The verdict on a claim on one data set.

    Attributes:
        claim, dataset: of what.
        verdict: the verdict.
        on: what it depends on, or why nothing is decided.
        tests: the outcomes of all tests.
        shown: the outcome whose effect stands for the verdict; None if no test has tables.
    """

    claim: Claim
    dataset: str
    verdict: Verdict
    on: str
    tests: tuple[Outcome, ...]
    shown: Outcome | None

    @property
    def evidence(self) -> bool:
        """Whether any test has tables to read."""
        return any(one.found is not None for one in self.tests)


def judge(claim: Claim, dataset: str, tables: dict[str, Evidence]) -> Judged:
    """The verdict on a claim on a data set, from the tables of each experiment by name."""
    tests = tuple(_first(test, tables) for test in claim.tests)
    decided = [one for one in tests if one.decided]
    words = {one.verdict for one in decided}
    metrics = {one.test.metric for one in decided}
    verdict: Verdict = "not decided"
    parts = {one.test.part for one in tests} - {one.test.part for one in decided}
    if not parts and len(decided) >= LEAST_TESTS and len(metrics) >= LEAST_TESTS:
        verdict = decided[0].verdict if len(words) == 1 else "depends"
    like = [one for one in tests if one.verdict == verdict] or decided or [one for one in tests if one.found]
    return Judged(claim, dataset, verdict, _why(verdict, tests), tests, like[0] if like else None)


def _why(verdict: Verdict, tests: Sequence[Outcome]) -> str:
    """What a verdict depends on, or why nothing is decided."""
    if verdict == "not decided":
        if all(one.found is None for one in tests):
            return "no tables yet"
        return _open([one for one in tests if one.found is not None], tests)
    if verdict != "depends":
        return ""
    parts: dict[str, list[Outcome]] = {}
    for one in tests:
        if one.decided:
            parts.setdefault(one.test.part, []).append(one)
    if len(parts) == 1:
        return _dependence(next(iter(parts.values())))
    return "; ".join(f"{part}: {_said(own)}" for part, own in parts.items())


def _open(there: Sequence[Outcome], tests: Sequence[Outcome]) -> str:
    """Why nothing is decided, although there are tables."""
    decided = [one for one in tests if one.decided]
    missing = dict.fromkeys(one.test.part for one in tests) if decided else {}
    for one in decided:
        missing.pop(one.test.part, None)
    if missing:
        found = [one.test.part for one in there]
        return "; ".join(f"{part}: {'not decided' if part in found else 'no tables yet'}" for part in missing)
    if decided:
        return "one measure alone decides"
    return next(one.reason for one in there if one.reason)


def _said(decided: Sequence[Outcome]) -> str:
    """The common verdict of tests of one part, or what they depend on."""
    words = {one.verdict for one in decided}
    return words.pop() if words in ({"supported"}, {"refuted"}) else f"depends {_dependence(decided)}"


def _dependence(decided: Sequence[Outcome]) -> str:
    """What tests of one part that do not agree depend on: an axis, or what is measured."""
    axes = dict.fromkeys(SYMBOLS[one.test.axis] for one in decided if one.verdict == "depends")
    words = [f"on {axis}" for axis in axes]
    if len({one.verdict for one in decided} - {"depends"}) > 1:
        words.append("on what is measured")
    return " and ".join(words)


def _first(test: Measure, tables: dict[str, Evidence]) -> Outcome:
    """The outcome of a test on the first of its experiments that has something to read."""
    there = [tables[name] for name in test.reads if name in tables]
    for found in there:
        if effects := test.of(found):
            return outcome(test, found, effects)
    return Outcome(test, reason="no tables yet" if not there else "its tables do not hold this")


def outcome(test: Measure, found: Evidence, effects: Sequence[Effect]) -> Outcome:
    """The outcome of a test on effects at one or more places."""
    states = [_state(one) for one in effects]
    kept = [one for one, state in zip(effects, states, strict=True) if state == "ok"]
    missing = Counter(state for state in states if state != "ok")
    left_out = tuple(missing.items())
    if not kept:
        said = ", ".join(f"{state} at {n}" for state, n in left_out)
        return Outcome(test, found, reason=f"no setting can show an effect: {said}", left_out=left_out)
    _, values = aligned(kept)
    each, whole = crossed(values), crossed(values.mean(0))
    low, high = map(float, whole.ends())
    seen = Outcome(test, found, effect=float(whole.mean), low=low, high=high, places=len(kept))
    seen = dataclasses.replace(seen, left_out=left_out, seeds=int(each.seeds.min()))
    sides = _sides(test, *each.ends(1 - (1 - LEVEL) / len(kept)))
    for_it, against = (int((sides == word).sum()) for word in ("supported", "refuted"))
    said = _overall(test, for_it, against, len(kept), (low, high))
    return dataclasses.replace(
        seen,
        verdict=said,
        reason=_undecided(test) if said == "not decided" else "",
        counts=(for_it, against, len(kept) - for_it - against),
        thresholds=_thresholds(test, kept, sides) if said == "depends" else (),
    )


def _state(one: Effect) -> str:
    """Whether a place counts, or why it does not."""
    seeds = int(np.isfinite(one.values).any(1).sum())
    if one.state != "ok" or not seeds:
        return "no value" if one.state == "ok" else one.state
    return "ok" if seeds >= LEAST_SEEDS else f"fewer than {LEAST_SEEDS} trainings"


def _overall(test: Measure, for_it: int, against: int, n: int, ends: tuple[float, float]) -> Verdict:
    """The verdict over all places; an average cannot speak for effects whose signs do not matter, as they cancel."""
    if for_it and against:
        return "depends"
    if test.supports in ("apart", "within"):
        return "supported" if for_it == n else "refuted" if against == n else "not decided"
    mean: Verdict = _sides(test, *(np.array([end]) for end in ends)).tolist()[0]
    most = for_it if mean == "supported" else against
    return mean if most * 2 > n and most == for_it + against else "not decided"


def _undecided(test: Measure) -> str:
    said = "at too many settings the interval lies on both sides of what matters"
    return said if test.refutes else f"{said}, or on the side that a bound cannot show"


def _sides(test: Measure, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """For each interval whether it supports a claim, refutes it, or neither."""
    least, side = test.least, test.supports
    up, down = low > least, high < least
    if side in ("apart", "within"):
        up, down = (low > least) | (high < -least), (low > -least) & (high < least)
    if side in ("below", "within"):
        up, down = down, up
    if not test.refutes:
        down = np.zeros_like(down)
    return np.select([up, down], ["supported", "refuted"], "not decided")


def _thresholds(test: Measure, effects: Sequence[Effect], sides: np.ndarray) -> tuple[Threshold, ...]:
    """Where the verdict changes along the axis, for each line of places that has both verdicts."""
    said = dict(zip(map(id, effects), sides, strict=True))
    every = lines(effects, test.axis)
    names = _names(every)
    found = []
    for line, name in zip(every, names, strict=True):
        verdicts = [said[id(one)] for one in line]
        if not {"supported", "refuted"} <= set(verdicts):
            continue
        x = [axis_value(one.place, test.axis) for one in line]
        values = aligned(line)[1]
        if test.supports in ("apart", "within"):
            values = values * np.sign(np.nanmean(values, axis=(1, 2), keepdims=True))
        ends = [word for word in verdicts if word != "not decided"]
        symbol = SYMBOLS[test.axis]
        if test.axis == "s" and line[0].place["likelihood"] == "bernoulli":
            symbol = "β/α"
        found.append(Threshold(symbol, name, *crossing(x, values, test.least), str(ends[0]), str(ends[-1])))
    return tuple(found)


def _names(every: Sequence[Sequence[Effect]]) -> list[str]:
    """For each line what tells it from the others; empty if there is one."""
    varying = [name for name in every[0][0].place if len({str(line[0].place[name]) for line in every}) > 1]
    varying = [n for n in varying if n not in ("alpha", "beta", "noise_variance")] or varying
    return [", ".join(f"{n}={line[0].place[n]}" for n in varying) if len(every) > 1 else "" for line in every]
