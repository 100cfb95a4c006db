"""The rules of verdicts, and how often they are wrong where the truth is known."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from study.claims.base import Claim, Effect, Measure, Side
from study.claims.verdicts import Judged, judge, outcome
from study.statistics import detectable_effect
from tests.claims.made import BETTER, grid, made, place

NOTHING = made([place()], seeds=1)
SEEDS = 6
LEAST = 0.05


def measure(
    metric: str = "kid",
    *,
    supports: Side = "above",
    part: str = "",
    refutes: bool = True,
    effects: Sequence[Effect] = (),
) -> Measure:
    return Measure(
        metric,
        metric,
        lambda found: effects,
        LEAST,
        supports,
        ("x",),
        part=part,
        refutes=refutes,
    )


def effect(values: np.ndarray, *, beta: float = 1.0, state: str = "ok") -> Effect:
    return Effect(place(beta=beta), np.arange(len(values)), values[:, None], state)


def around(
    mean: float, *, spread: float = 0.01, seeds: int = SEEDS, beta: float = 1.0, state: str = "ok"
) -> Effect:
    """Values with exactly this mean and standard deviation."""
    values = np.linspace(-1, 1, seeds)
    return effect(mean + spread * values / values.std(ddof=1), beta=beta, state=state)


def said(*effects: Effect, supports: Side = "above", refutes: bool = True) -> str:
    return outcome(measure(supports=supports, refutes=refutes), NOTHING, effects).verdict


@pytest.mark.parametrize(
    ("supports", "of"),
    [
        ("above", {0.2: "supported", 0.0: "refuted", -0.2: "refuted", 0.05: "not decided"}),
        ("below", {0.2: "refuted", 0.0: "supported", -0.2: "supported", 0.05: "not decided"}),
        (
            "apart",
            {0.2: "supported", 0.0: "refuted", -0.2: "supported", 0.05: "not decided", -0.05: "not decided"},
        ),
        (
            "within",
            {0.2: "refuted", 0.0: "supported", -0.2: "refuted", 0.05: "not decided", -0.05: "not decided"},
        ),
    ],
)
def test_the_side_on_which_the_whole_interval_lies_decides(supports, of):
    assert {mean: said(around(mean), supports=supports) for mean in of} == of


def test_a_bound_cannot_refute():
    assert (
        said(around(0.0), refutes=False) == "not decided" and said(around(0.2), refutes=False) == "supported"
    )


def test_places_that_say_the_contrary_make_it_depend_with_a_threshold():
    found = outcome(
        measure(), NOTHING, [around(0.3, beta=0.1), around(0.1, beta=1.0), around(-0.1, beta=10.0)]
    )
    assert found.verdict == "depends" and found.counts == (2, 1, 0)
    (turn,) = found.thresholds
    assert (turn.axis, turn.below, turn.above) == ("s", "supported", "refuted")
    assert math.isclose(turn.value, 0.5 * 10**0.25, rel_tol=1e-6) and turn.low < turn.value < turn.high


def test_lines_of_models_have_thresholds_of_their_own():
    effects = [
        Effect(place(beta=beta, network=network), np.arange(SEEDS), around(mean).values)
        for network, means in (("mlp", (0.3, -0.3)), ("conv", (0.2, -0.1)))
        for beta, mean in zip((0.1, 10.0), means, strict=True)
    ]
    found = outcome(measure(), NOTHING, effects)
    assert [turn.line for turn in found.thresholds] == ["network=mlp", "network=conv"]
    assert found.thresholds[0].value < found.thresholds[1].value


def test_an_average_does_not_speak_for_places_that_are_open():
    wide = around(0.0, spread=0.2)
    assert said(around(0.5), wide) == "not decided"  # the mean is told, one place of two is not
    assert said(around(0.5), around(0.5, beta=2.0), around(0.2, spread=0.25, beta=3.0)) == "supported"


def test_effects_of_either_sign_do_not_cancel():
    assert said(around(0.3), around(-0.3, beta=2.0), supports="within") == "refuted"
    assert (
        said(around(0.04, spread=0.04), around(-0.04, spread=0.04, beta=2.0), supports="within")
        == "not decided"
    )


def test_places_that_can_show_nothing_are_counted_and_left_out():
    found = outcome(measure(), NOTHING, [around(0.2), around(-9.0, beta=2.0, state="nothing to gain")])
    assert found.verdict == "supported" and found.left_out == (("nothing to gain", 1),) and found.places == 1
    alone = outcome(measure(), NOTHING, [around(-9.0, state="nothing to gain")])
    assert alone.verdict == "not decided" and "nothing to gain at 1" in alone.reason


@pytest.mark.parametrize("seeds", [2, 4])
def test_few_trainings_decide_nothing(seeds):
    few = around(0.5, seeds=seeds)
    alone = outcome(measure(), NOTHING, [few])
    assert alone.verdict == "not decided" and "fewer than 5 trainings at 1" in alone.reason
    beside = outcome(measure(), NOTHING, [few, around(0.0, beta=2.0)])
    assert beside.verdict == "refuted" and beside.left_out == (("fewer than 5 trainings", 1),)


def test_values_without_any_spread_decide_nothing():
    assert said(effect(np.full(SEEDS, 0.5))) == "not decided"


def claim(**of: tuple[float, str]) -> Claim:
    """A claim with a test of each metric, whose effect has this mean and which is about this part."""
    tests = tuple(measure(name, part=part, effects=(around(mean),)) for name, (mean, part) in of.items())
    return Claim(1, "somebody", "It is so.", tests)


def together(**of: tuple[float, str]) -> Judged:
    found = made(grid(1.0), seeds=1, experiment="x")
    return judge(claim(**of), "digits", {"x": found})


def test_two_measures_must_agree():
    assert together(kid=(0.2, ""), recall=(0.2, "")).verdict == "supported"
    assert together(kid=(0.0, ""), recall=(0.0, "")).verdict == "refuted"
    found = together(kid=(0.2, ""), recall=(0.0, ""))
    assert (found.verdict, found.on) == ("depends", "on what is measured")


def test_one_measure_alone_decides_nothing():
    found = together(kid=(0.2, ""), recall=(LEAST, ""))
    assert found.verdict == "not decided" and found.on == "one measure alone decides"


def test_parts_of_a_claim_are_told_apart_and_none_may_be_missing():
    found = together(kid=(0.2, "one"), recall=(0.0, "two"))
    assert (found.verdict, found.on) == ("depends", "one: supported; two: refuted")
    found = together(kid=(0.2, "one"), fd=(0.2, "one"), recall=(LEAST, "two"))
    assert (found.verdict, found.on) == ("not decided", "two: not decided")


@pytest.mark.parametrize(("above", "rate"), [(True, 0.8), (False, 0.025)])
def test_a_claim_is_called_supported_as_often_as_stated(above, rate):
    """1000 claims whose true effect is what five trainings detect with 80 %, or exactly what matters: then 2.5 %."""
    rng, sd, n = np.random.default_rng(3), 0.1, 1000
    truth = LEAST + above * sd * detectable_effect(5)
    calls = [said(effect(truth + sd * rng.normal(size=5))) == "supported" for _ in range(n)]
    assert abs(np.mean(calls) - rate) < 4 * math.sqrt(rate * (1 - rate) / n)


def test_a_claim_that_is_false_by_two_measures_is_hardly_ever_called_supported():
    """At what matters a test errs in 2.5 %, so that two independent ones do in 0.06 %; settings are corrected."""
    rng, n = np.random.default_rng(4), 300
    wrong = 0
    for _ in range(n):
        tests = tuple(
            measure(
                name, effects=[effect(LEAST + 0.1 * rng.normal(size=5), beta=b) for b in (0.1, 1.0, 10.0)]
            )
            for name in ("kid", "recall")
        )
        wrong += judge(Claim(1, "somebody", "It is so.", tests), "digits", {"x": NOTHING}).verdict in (
            "supported",
            "depends",
        )
    assert wrong <= 3


def test_metrics_of_the_builder_have_the_directions_of_the_registry():
    from study.metrics.registry import METRICS

    assert all(METRICS[name].better == better for name, better in BETTER.items())
