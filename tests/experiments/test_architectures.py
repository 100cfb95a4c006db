"""What is said of networks and likelihoods, on made-up tables: shares compared at the same rate, and copies."""

from typing import Any

import numpy as np
import pytest

from study.report.kit import UNDECIDED
from tests.experiments.conftest import around, results_of

RATES = (10.0, 20.0, 40.0)
BETAS = {"gaussian": (1.0, 0.1, 0.01), "bernoulli": (4.0, 1.0, 0.1)}


def results(shares=None, rates=None, *, seeds=5, prior=1.0, novelty=0.5):
    """Four architectures at three settings; `shares` and `rates` replace those of an architecture."""
    cells = []
    for likelihood, betas in BETAS.items():
        for network in ("mlp", "conv"):
            name = f"{network}, {likelihood}"
            own = (shares or {}).get(name, (0.2, 0.5, 0.9))
            for beta, rate, share in zip(betas, (rates or {}).get(name, RATES), own, strict=True):
                scores: dict[Any, Any] = {
                    "prior": around(prior),
                    "reconstruction": around(0.1, 0.001 * len(name) / 10),
                    "posterior": around(prior - share * prior, 0.002 + 0.001 * len(name) / 10),
                    "gmm": around(prior - share * prior, 0.001 + 0.001 * len(name) / 10),
                    ("posterior", "authenticity"): around(novelty, 0.004),
                    ("reconstruction", "authenticity"): around(0.5, 0.01),
                }
                place = {"network": network, "likelihood": likelihood, "beta": beta}
                place |= {"family_settings": f"network={network}, likelihood={likelihood}"}
                cells.append(
                    {
                        **place,
                        "scores": scores,
                        "model": {"rate": around(rate, 0.1), "distortion": around(9.0)},
                    }
                )
    return results_of(cells, seeds=seeds)


def test_the_same_shares_at_the_same_rates_depend_on_nothing(answer):
    said = answer(results())
    assert said.startswith(
        "In direction no: `posterior` closes part of the gap in KID in 12 of 12 settings of 4 arch"
    )
    assert (
        "In size no: of 9 comparisons at the rates of mlp, gaussian the others close as much within 5 points in 9"
        in said
    )


def test_another_size_is_told_with_its_architecture(answer, module):
    made = results({"conv, bernoulli": (0.1, 0.3, 0.6)})
    said = answer(made)
    assert (
        "In size yes: of 9 comparisons at the rates of mlp, gaussian the others close less in 3 (10 [" in said
    )
    assert "points) and as much within 5 points in 6" in said
    rows = module.matched(*told(module, made), "mlp, gaussian").set_index(
        ["architecture", "strategy", "rate"]
    )
    assert len(rows) == 3 * 3 * 3
    assert rows.loc[("conv, bernoulli", "gmm", 40.0), "difference"] == pytest.approx(-0.3, abs=0.02)
    assert rows.loc[("conv, gaussian", "gmm", 40.0), "verdict"] == "equivalent"


def told(module, made):
    made = module.named(made)
    return module.kit.shares(made, "kid"), module.models(made)


def test_a_wider_gap_with_one_architecture_is_another_direction(answer):
    said = answer(results({"conv, gaussian": (-0.3, -0.5, -0.9)}))
    assert (
        said.startswith("In direction yes:")
        and "in 9 of 12 settings of 4 architectures and widens it in 3" in said
    )


def test_shares_are_compared_at_the_same_rate_and_not_at_the_same_setting(module):
    """One curve of shares against the logarithm of the rate, met at other places, and left where no setting is near."""
    shifted = (14.0, 28.0, 56.0)
    curve = tuple(float(0.3 + 0.2 * np.log(rate / 10)) for rate in shifted)
    straight = {name: tuple(0.3 + 0.2 * np.log(rate / 10) for rate in RATES) for name in every()}
    made = results(straight | {"conv, gaussian": curve}, {"conv, gaussian": shifted})
    rows = module.matched(*told(module, made), "mlp, gaussian")
    own = rows[rows["architecture"] == "conv, gaussian"]
    assert sorted(own["rate"].unique()) == [20.0, 40.0]
    assert own["difference"].abs().max() < 0.01 and (own["verdict"] == "equivalent").all()


def every():
    return [f"{network}, {likelihood}" for likelihood in BETAS for network in ("mlp", "conv")]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (10.0, {0: 1.0, 1: 0.0}),
        (20.0, {0: 0.0, 1: 1.0}),
        (40.0, {1: 0.0, 2: 1.0}),
        (10 * 2**0.5, {0: 0.5, 1: 0.5}),
        (43.0, {1: -0.1043, 2: 1.1043}),
        (45.0, {}),
        (9.0, {}),
    ],
)
def test_weights_are_of_a_line_in_the_logarithm_of_the_rate(module, rate, expected):
    assert module.weights(rate, np.array(RATES)) == pytest.approx(expected, abs=1e-3)


def test_one_setting_is_no_line(module):
    assert module.weights(10.0, np.array([10.0])) == {}


def test_copying_is_told_by_architecture(module):
    found = module.findings(results(novelty=0.3), {})
    copies = next(section for section in found.sections if section.title == "Copying").table
    assert len(copies) == 12 and (copies["verdict"] == "worse").all()


def test_without_a_gap_or_an_interval_nothing_is_claimed(answer):
    assert answer(results(prior=0.0)) == UNDECIDED
    assert answer(results(seeds=2)) == UNDECIDED


def test_a_profile_has_each_network_with_each_likelihood(module):
    for profile in ("smoke", "quick", "default"):
        grids = module.EXPERIMENT.grids(profile)
        kinds = [(grid.model.network, grid.model.likelihood) for grid in grids]
        assert len(set(kinds)) == len(kinds) == 4 and kinds[0] == ("mlp", "gaussian")
        assert len({(g.training, g.strategies, g.seeds) for g in grids}) == 1
