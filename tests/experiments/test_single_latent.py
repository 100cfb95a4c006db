"""What is said of the one swapped dimension, on made-up tables."""

import numpy as np
import pytest

from study.report.kit import UNDECIDED
from tests.experiments.conftest import around, results_of


def dimensions(cell, seed):
    """Two dimensions; the second is the farthest, with three quarters of the marginal KL."""
    kl = [(0.1, 1.0), (0.3 + 0.001 * seed, 0.5)]
    return [
        {"dimension": j, "marginal_kl": apart, "kl": rate, "mean_variance": 1.0, "variance_mean": 0.25}
        for j, (apart, rate) in enumerate(kl)
    ]


def results(one=0.3, lost=0.4, *, seeds=5, by=0.004):
    """The gap is about 1: the swap closes `one` of it, and `posterior` loses `lost` without its own dimension."""
    cells = []
    for beta in (0.2, 1.0):
        kid = {"prior": around(1.0, 0.02), "posterior": around(0.2, 0.003), "shuffled-marginals": around(0.6)}
        kid |= {"one-from-q": around(1 - one, by), "one-from-prior": around(0.2 + lost, 0.002)}
        coverage = {(name, "coverage"): around(0.5, 0.01 * i) for i, name in enumerate(kid)}
        cells.append({"beta": beta, "scores": kid | coverage, "model": {"rate": 3.0}})
    return results_of(cells, seeds=seeds, latents=dimensions)


@pytest.mark.parametrize(
    ("one", "by", "says"),
    [
        (0.3, 0.004, "closes part of the gap at β = 0.2 and 1 (30"),
        (-0.3, 0.004, "widens the gap at β = 0.2 and 1 (30"),
        (
            0.0,
            0.021,
            "changes less than 5 % of the gap at β = 0.2 and 1. From N(0, 1), with the others from q(z), ",
        ),
        (0.1, 0.15, "is not decided to help at β = 0.2 and 1 (only shares above "),
    ],
)
def test_the_swap_is_said_by_its_verdict(answer, one, by, says):
    said = answer(results(one, by=by))
    assert said.startswith("Drawing from q(z) only the dimension that is farthest from N(0, 1) " + says)
    assert ("closes part" in said) == (one == 0.3)
    assert "From N(0, 1), with the others from q(z), it " in said


def test_too_few_seeds_decide_nothing(answer):
    assert answer(results(seeds=2)) == UNDECIDED


def test_the_farthest_dimension_is_that_with_the_largest_marginal_kl_not_rate(module):
    found = module.dimensions(results())
    assert set(found["dimension"]) == {1} and set(found["rank"]) == {2.0}
    assert found["share"].to_numpy() == pytest.approx(0.75, abs=0.01)
    np.testing.assert_allclose(found["spread"], np.sqrt(1.25))


def test_both_swaps_stand_in_the_caption_and_every_metric_in_the_table(module):
    found = module.findings(results(), {})
    assert "from q(z) it closes 30" in found.figures[0].caption
    assert (
        "from N(0, 1) it loses 40" in found.figures[0].caption
        and "(told from zero)" in found.figures[0].caption
    )
    table = found.sections[2].table
    assert set(table["strategy"]) == set(module.SWAPS) and len(table) == 2 * 2 * 2
    assert "worse in KID" in found.sections[2].text and "`one-from-q`" in found.sections[2].text


def test_without_a_gap_nothing_is_claimed(answer):
    none = results()
    none.metrics.loc[none.metrics["strategy"] == "prior", "value"] = 0.0
    assert answer(none) == "Not decided: no setting has a gap between the prior and real data to close."
