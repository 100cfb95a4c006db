"""Every claim is supported where it is true, refuted where it is false, depends where both hold, and needs evidence."""

import pytest

from study.claims.registry import CLAIMS
from study.claims.verdicts import Judged
from tests.claims.made import grid, made, verdict
from tests.claims.worlds import BETAS, CASES, Case, World, half

NEVER_REFUTED = ("posterior_gap",)  # a lower bound cannot show that a distance is small


def judged(name: str, case: Case, world: World, seeds: int = 6) -> Judged:
    tables = [
        made(case.places.get(experiment, grid(*BETAS)), experiment=experiment, seeds=seeds, **of)
        for experiment, of in world.items()
    ]
    return verdict(CLAIMS[name], *tables)


@pytest.fixture(params=list(CLAIMS))
def claim(request):
    return request.param, CASES[request.param]


@pytest.mark.integration
def test_a_claim_that_is_true_is_supported(claim):
    name, case = claim
    assert judged(name, case, case.true).verdict == "supported"


@pytest.mark.integration
def test_a_claim_that_is_false_is_refuted(claim):
    name, case = claim
    found = judged(name, case, case.false)
    assert found.verdict == ("not decided" if name in NEVER_REFUTED else "refuted")


@pytest.mark.integration
def test_a_claim_that_is_true_at_some_settings_alone_depends_on_them(claim):
    name, case = claim
    found = judged(name, case, half(case))
    if name in NEVER_REFUTED:
        assert found.verdict == "not decided" and [test.counts for test in found.tests] == [(1, 0, 1)] * 2
        return
    assert found.verdict == "depends" and found.on
    turns = [turn for test in found.tests for turn in test.thresholds]
    assert turns


@pytest.mark.parametrize("name", ["scale_sigma", "weight_raises_kl", "similar_codes"])
def test_four_trainings_decide_nothing(name):
    case = CASES[name]
    found = judged(name, case, case.true, seeds=4)
    assert found.verdict == "not decided" and found.on.endswith(f"fewer than 5 trainings at {len(BETAS)}")


@pytest.mark.parametrize("name", list(CLAIMS))
def test_without_tables_nothing_is_decided(name):
    found = verdict(CLAIMS[name])
    assert found.verdict == "not decided" and found.on == "no tables yet" and not found.evidence
