"""What is said of the number of latent dimensions, on made-up tables: holes, draws that are needed, shares."""

from typing import Any

import numpy as np
import pytest

from study.report.kit import UNDECIDED
from tests.experiments.conftest import around, results_of


def results(holes, rates=(2.0, 4.0, 9.0), *, seeds=5, share=0.5):
    cells = []
    for d, mass, rate in zip((1, 8, 64), holes, rates, strict=True):
        model = {
            "rate": around(rate, rate / 500),
            "kl_aggregate_lower": rate / 3,
            "kl_aggregate_upper": rate / 2,
        }
        model |= {"hole_mass": mass, "active_units": d, "distortion": 3.0}
        scores: dict[Any, Any] = {
            "prior": around(1.0),
            "posterior": around(1 - share, 0.004),
            "gmm": around(0.7, 0.006),
        }
        scores |= {
            (name, metric): 0.5 for name in ("prior", "posterior") for metric in ("coverage", "recall")
        }
        place = {"latent_dim": d, "family_settings": f"latent_dim={d}", "beta": 0.2}
        cells.append({**place, "scores": scores, "model": model})
    return results_of(cells, seeds=seeds)


LOW, HIGH, WILD = around(0.02, 0.002), around(0.4), lambda seed: 0.05 + 0.04 * (seed - 2)


def test_filled_holes_and_undecided_are_kept_apart(answer):
    said = answer(results((LOW, WILD, HIGH)))
    assert said.startswith(
        "Hole mass is, at s = 0.1, below 5 % at d = 1, above 5 % at d = 64 and not decided at d = 8."
    )
    assert answer(results((LOW, LOW, LOW))).startswith("Hole mass is, at s = 0.1, below 5 % at d = 1 to 64.")
    assert "below" not in answer(results((HIGH, WILD, WILD)))
    assert answer(results((LOW, WILD, HIGH), seeds=2)) == UNDECIDED


def test_the_draws_that_are_needed_are_the_exponential_of_the_rate(answer, module):
    found = results((LOW, LOW, HIGH))
    said = f"one prior draw in {np.exp(2):.2f} at d = 1, in {np.exp(9):.0f} at d = 64, falls where"
    assert said in answer(found)
    assert [module._about(power) for power in (1.0, 4.0, 5.2, 21.34, 21.6)] == [
        "10", "10000", "about 10⁵", "about 10²¹", "about 10²²"
    ]  # fmt: skip
    text = module.findings(found, {}).sections[2].text
    assert text.endswith("At s = 0.1 it grows to d = 8 and 64.")
    text = module.findings(results((LOW, LOW, HIGH), (2.0, 4.0, 3.0)), {}).sections[2].text
    assert text.endswith("At s = 0.1 it grows to d = 8 and falls to d = 64.")


@pytest.mark.parametrize(
    ("share", "says"),
    [
        (0.5, "`posterior` closes at s = 0.1 from 50"),
        (0.0, "At no d is it shown"),
        (-0.5, "At no d is it shown that `posterior` closes part of the gap. It widens the gap by 50"),
    ],
)
def test_shares_are_claimed_only_where_they_are_told(module, share, says):
    found = module.findings(results((LOW, LOW, HIGH), share=share), {})
    assert says in found.figures[0].caption
    assert (
        len(found.sections[0].table) == len(found.sections[1].table) == 3
        and len(found.sections[2].table) == 2
    )


def test_a_profile_varies_the_dimension_alone(module):
    for profile in ("smoke", "quick", "default"):
        grids = module.EXPERIMENT.grids(profile)
        assert len({(g.betas, g.alphas, g.seeds, g.strategies) for g in grids}) == 1
        assert len({g.model.latent_dim for g in grids}) == len(grids)
