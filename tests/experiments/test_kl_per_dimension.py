"""What is said of the order of dimensions, on made-up tables."""

import numpy as np
import pytest
from scipy import stats

from study.report.kit import UNDECIDED
from tests.experiments.conftest import around, results_of

KL = np.array([4.0, 2.0, 1.0, 0.5, 0.1, 0.01])


def results(order, apart, *, seeds=5, betas=(0.1, 0.4), noise=0.0, tc=1.0):
    """Dimensions with these KLs, information in this order, and these marginal mismatches."""

    def dimensions(cell, seed):
        rng = np.random.default_rng(seed)
        known = np.sort(KL)[::-1][np.asarray(order)] + noise * rng.normal(0, 1, len(KL))
        return [
            {
                "dimension": j,
                "kl": kl,
                "mutual_information": known[j],
                "marginal_kl": apart[j] * (1 + 0.01 * seed * j),
            }
            for j, kl in enumerate(KL)
        ]

    parts = {"dimension_wise_kl": 1.0, "total_correlation": tc}
    model = {f"{name}_{end}": around(value) for name, value in parts.items() for end in ("lower", "upper")}
    model["identified"] = lambda seed: 1.0
    return results_of(
        [{"beta": beta, "scores": {}, "model": model} for beta in betas], seeds=seeds, latents=dimensions
    )


MOSTLY, FALLING = [1, 0, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]
FIRST, LAST = KL / 10, KL[::-1] / 10


@pytest.mark.parametrize(
    ("order", "start"),
    [
        (MOSTLY, "Yes: KL and information go together at 2 of 2 settings (correlation from 0."),
        (FALLING, "Not shown: KL and information go together at 0 of 2 settings"),
    ],
)
def test_the_claim_follows_the_correlation(answer, order, start):
    said = answer(results(order, FIRST, noise=0.8))
    assert said.startswith(start)
    assert said.endswith("Marginals hold from 50 to 50 % of the mismatch of q(z), where that is known.")


def test_an_order_without_spread_has_no_interval(answer):
    assert answer(results(range(6), FIRST)) == UNDECIDED


def test_the_mismatch_lies_where_the_marginals_are_far(module):
    for apart, words in (
        (FIRST, "more than half of it at β = 0.1 and 0.4"),
        (LAST, "less than half of it at β = 0.1"),
    ):
        found = module.findings(results(MOSTLY, apart), {})
        assert words in found.figures[0].caption


def test_the_correlation_is_that_of_scipy(module):
    x, y = np.random.default_rng(0).normal(0, 1, (2, 30))
    assert module.correlation(x, y) == pytest.approx(stats.pearsonr(x, y).statistic)
    assert np.isnan(module.correlation(np.ones(4), np.arange(4.0)))


def test_a_relation_by_chance_has_half_in_the_upper_half(module):
    """Odd numbers of dimensions too: the one in the middle is neither."""
    made = results(MOSTLY, np.ones(6), seeds=3)
    made.latents["marginal_kl"] = 1.0
    assert module.orders(made)["upper half"].to_numpy() == pytest.approx(0.5)
    odd = made.latents[made.latents["dimension"] < 5]
    assert module.orders(type(made)(made.runs, made.metrics, odd, *[made.losses] * 2, {}, {}))[
        "upper half"
    ].to_numpy() == pytest.approx(0.5)


def test_collapsed_models_have_no_order(module):
    made = results(MOSTLY, FIRST)
    made.latents["kl"] = 1e-6
    assert module.findings(made, {}).answer.startswith("Nothing was compared: every model has collapsed")
