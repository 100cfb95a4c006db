"""What is said of the weights, on made-up tables: the rate at each step of α, and other weights at equal s."""

import numpy as np
import pytest

from study.report.kit import UNDECIDED
from tests.experiments.conftest import around, results_of

ALPHAS = (0.3, 3.0, 30.0)


def cell(alpha, beta, rate, share):
    """A setting where the posterior closes that share of a gap of about 1."""
    scores = {
        "prior": around(1.0),
        "gmm": around(0.5),
        "posterior": around(1 - share, 0.004 if beta == 1 else 0.006),
    }
    model = {"rate": rate, "kl_aggregate_lower": 1.0, "kl_aggregate_upper": 2.0, "hole_mass": around(0.2)}
    return {"alpha": alpha, "beta": beta, "scores": scores, "model": model | {"distortion": 3.0}}


def results(rates=(1.0, 5.0, 20.0), *, at_equal=(5.0, 0.4), seeds=5):
    cells = [cell(a, 1.0, around(rate, rate / 200), 0.4) for a, rate in zip(ALPHAS, rates, strict=True)]
    return results_of([*cells, cell(300.0, 100.0, around(at_equal[0], 0.03), at_equal[1])], seeds=seeds)


@pytest.mark.parametrize(
    ("rates", "start"),
    [
        (
            (1.0, 5.0, 20.0),
            "The rate (mean KL) rises at 2 of 2 steps of α from 0.3 to 30, from 1.0",
        ),
        ((1.0, 5.0, 2.0), "The rate (mean KL) rises at 1 and falls at 1 of 2 steps"),
        ((20.0, 5.0, 1.0), "The rate (mean KL) falls at 2 of 2 steps"),
    ],
)
def test_the_rate_is_followed_step_by_step(answer, rates, start):
    assert answer(results(rates)).startswith(start)


def test_a_step_that_no_seed_agrees_on_is_not_decided(answer, module):
    wild = [cell(a, 1.0, lambda seed, a=a: 5 + (seed - 2) * a / 20, 0.4) for a in ALPHAS]
    said = answer(results_of(wild))
    assert said.startswith("The rate (mean KL) is not decided at 2 of 2 steps")


@pytest.mark.parametrize(
    ("at_equal", "says"),
    [
        ((5.0, 0.4), "within 5 % in 2 of 2 comparisons"),
        ((4.9, 0.4), "within 5 % in 1 and slightly different (< 5 %) in 1 of 2 comparisons"),
        ((9.0, 0.4), "within 5 % in 1 and different in 1 of 2 comparisons"),
        ((9.0, 0.8), "different in 2 of 2 comparisons"),
    ],
)
def test_other_weights_at_equal_s_are_compared_with_beta_of_one(answer, at_equal, says):
    assert answer(results(at_equal=at_equal)).endswith(f"leave rate and share of the gap {says}.")


def test_too_few_seeds_decide_nothing(answer):
    assert answer(results(seeds=2)) == UNDECIDED


def test_shares_stand_only_where_there_is_a_gap(module):
    """At one setting the prior scores as real data: no share, and it is said why."""
    cells = [cell(a, 1.0, around(a, a / 100), 0.4) for a in ALPHAS]
    cells[0]["scores"]["prior"] = around(0.0, 0.0001)
    found = module.findings(results_of(cells), {})
    table = found.sections[0].table
    assert table["no share because"].tolist().count("nothing to gain") == 1
    assert "at 2 of 2 settings with a gap" in found.figures[0].caption


@pytest.mark.parametrize(
    ("share", "says"),
    [
        (-0.4, ["closes 40", "at 2 of 3 settings with a gap. It widens the gap by 40", "% at s = 1.67."]),
        (0.4, ["at 3 of 3 settings with a gap."]),
    ],
)
def test_where_the_gap_is_widened_stands_beside_where_it_closes(module, share, says):
    cells = [cell(a, 1.0, around(a, a / 100), 0.4) for a in ALPHAS[1:]]
    found = module.findings(results_of([cell(ALPHAS[0], 1.0, around(0.3, 0.003), share), *cells]), {})
    caption = found.figures[0].caption
    assert all(text in caption for text in says) and ("widens" in caption) == (share < 0)


def test_a_share_below_half_a_percent_is_not_said_to_be_none(module):
    """The caption said "closes from 0 [0, 0] % at s = 16.7"."""
    cells = [cell(a, 1.0, around(a, a / 100), 0.4) for a in ALPHAS[1:]]
    small = cell(ALPHAS[0], 1.0, around(0.3, 0.003), 0.0)
    small["scores"] |= {"prior": lambda seed: 1 + seed / 1000, "posterior": lambda seed: 0.997 + seed / 1001}
    caption = module.findings(results_of([small, *cells]), {}).figures[0].caption
    assert "closes 0.3" in caption and "% at s = 1.67" in caption and " 0 [" not in caption


def test_pairs_of_every_profile_meet_a_setting_with_beta_of_one(module):
    """Otherwise nothing is compared at equal s."""
    for profile in ("smoke", "quick", "default"):
        first, *others = module.EXPERIMENT.grids(profile)
        assert first.betas == (1.0,)
        known = {module._plain(1 / (2 * a)) for a in first.alphas}
        equal = [module._plain(g.betas[0] / (2 * g.alphas[0])) in known for g in others]
        assert sum(equal) >= 1
    s = np.log10([b / (2 * a) for g in module.EXPERIMENT.grids("default") for a in g.alphas for b in g.betas])
    assert np.ptp(s) > 4.9 and max(max(g.alphas) for g in module.EXPERIMENT.grids("default")) == 300
