"""What is said of the number of training examples, on made-up tables: where posteriors copy, and what they close."""

import pandas as pd
import pytest

from study.report.kit import UNDECIDED
from tests.experiments.conftest import around, results_of

SIZES = (100, 1000, 60_000)


def results(novelty=(-0.3, -0.1, 0.0), share=(0.3, 0.6, 0.9), *, seeds=5, prior=1.0):
    cells = []
    for n, lost, closed in zip(SIZES, novelty, share, strict=True):
        scores = {
            "prior": around(prior),
            "gmm": around(0.6, 0.005),
            "posterior": around(1 - closed, 0.003 if n == 100 else 0.004),
        }
        scores |= {"held-out-posterior": around(0.5, 0.004), "reconstruction": around(0.05, 0)}
        authentic = {"prior": 0.6, "gmm": 0.55, "posterior": 0.5 + lost, "held-out": 0.5, "copycat": 0.0}
        novel = {(name, "authenticity"): around(value, 0.004) for name, value in authentic.items()}
        novel["reconstruction", "authenticity"] = around(0.5, 0.01)
        place = {"n_train": n, "family_settings": f"n_train={n}", "beta": 0.06}
        cells.append(
            {**place, "scores": scores | novel, "model": {"rate": around(9.0), "mi_lower": around(4.0)}}
        )
    return results_of(cells, seeds=seeds)


@pytest.mark.parametrize(
    ("novelty", "where"),
    [
        ((-0.3, -0.1, 0.0), "at N = 100 and 1,000 of 3 (β = 0.06)"),
        ((-0.3, -0.1, -0.1), "at every N from 100 to 60,000 (β = 0.06)"),
        ((0.1, 0.1, 0.0), "at no N of 3 (β = 0.06)"),
    ],
)
def test_copying_is_said_where_it_is_shown(answer, novelty, where):
    said = answer(results(novelty))
    assert said.startswith(
        "Samples from posteriors are shown to be less authentic than reconstructions of held-out"
    )
    assert where in said
    assert "30 [" in said and "90 [" in said and "% at N = 60,000 of the gap in KID" in said


def test_without_a_gap_or_an_interval_nothing_is_claimed(answer):
    assert answer(results(prior=0.0)).endswith("No setting has a gap to close.")
    assert answer(results(seeds=2)) == UNDECIDED


def test_more_examples_are_compared_with_the_fewest(module):
    found = module.findings(results(share=(0.3, 0.3, 0.9)), {})
    own = found.sections[1].table
    own = own[own["strategy"] == "posterior"]
    assert own["N"].tolist() == ["1,000", "60,000"] and own["verdict"].tolist() == ["equivalent", "better"]
    caption = found.figures[0].caption
    assert "`prior` at no N of 3" in caption and "`posterior` at N = 100 and 1,000 of 3 (β = 0.06)" in caption


def test_settings_of_which_the_same_is_said_stand_together(module):
    own = pd.DataFrame(
        [(beta, n, "worse") for beta in (0.06, 0.6) for n in SIZES] + [(6.0, n, "better") for n in SIZES],
        columns=["beta", "n_train", "verdict"],
    )
    assert module._places(own) == (
        "at every N from 100 to 60,000 (β = 0.06 and 0.6) and at no N of 3 (β = 6)"
    )
    assert module._places(own[own["n_train"] == 100].head(1)) == "at N = 100 of 1 (β = 0.06)"


def test_the_overlap_is_at_least_one_example(module):
    table = module.models(results()).set_index("n_train")
    assert table.loc[100, "overlap"] == pytest.approx(100 / 54.6, rel=0.01)
    few = results()
    few.metrics.loc[few.metrics["metric"] == "mi_lower", "value"] = 20.0
    assert (module.models(few)["overlap"] == 1).all()


def test_a_profile_varies_the_number_of_examples_alone(module):
    for profile in ("smoke", "quick", "default"):
        grids = module.EXPERIMENT.grids(profile)
        assert len({(g.betas, g.alphas, g.model, g.training, g.strategies) for g in grids}) == 1
        assert len({g.n_train for g in grids}) == len(grids)
    assert {g.n_train for g in module.EXPERIMENT.grids("default")} >= {100, 0}
