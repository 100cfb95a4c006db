"""The contrasts are paired by seed across families, and the answer agrees with them."""

import itertools
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
VALUES = {
    ("vae", "prior"): 3.0, ("vae", "posterior"): 1.0, ("vae", "gmm"): 2.0,
    ("vampprior", "prior"): 1.0, ("flow-prior", "prior"): 2.0, ("lars-prior", "prior"): 4.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def module():
    return SimpleNamespace(**runpy.run_path(str(ROOT / "experiments" / "learned_priors.py")))


def metrics() -> pd.DataFrame:
    """KID of each family and strategy: the shared effect of a seed is large, the remaining noise small."""
    rng = np.random.default_rng(0)
    rows = []
    for beta, seed in itertools.product((0.1, 1.0), range(5)):
        luck = rng.normal(0, 5)
        for (family, name), value in VALUES.items():
            rows.append(
                {"family": family, "strategy": name, "metric": "kid", "better": "lower", "beta": beta,
                 "seed": seed, "draw": 0, "value": value + luck + rng.normal(0, 0.1), "status": "ok"}
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_contrasts_are_paired_by_seed(module):
    found = module.contrasts(metrics())
    assert len(found) == 3 * 3 * 3  # families × strategies of the plain VAE × (two β and their average)
    for row in found.itertuples():
        expected = VALUES[(row.family, "prior")] - VALUES[("vae", row.against)]
        assert row.difference == pytest.approx(expected, abs=0.3)
        assert row.low < expected + 0.2 and row.high > expected - 0.2 and row.high - row.low < 1
        assert row.seeds == 5
    whole = found[found["beta"].isna()].set_index(["family", "against"])["verdict"]
    assert whole[("vampprior", "gmm")] == "better"
    assert whole[("lars-prior", "gmm")] == "worse"
    assert whole[("flow-prior", "gmm")] == "not decided"


def test_a_seed_that_lacks_one_beta_is_left_out_of_the_average(module):
    frame = metrics()
    gone = (frame["family"] == "vampprior") & (frame["seed"] == 2) & (frame["beta"] == 1.0)
    found = module.contrasts(frame[~gone])
    rows = found[(found["family"] == "vampprior") & (found["against"] == "gmm")].set_index("beta")["seeds"]
    assert rows.sort_index().tolist() == [5, 4, 4]  # NaN, the average, comes last


def test_the_answer_follows_the_contrasts(module):
    found = module.contrasts(metrics())
    text = module.answer(found)
    assert text.startswith("`vampprior` beats `gmm`, averaged over β = 0.1 and 1.")
    against_mixture = text.split("Against `gmm`, in KID, ")[1].split(". Against")[0].split("; ")
    assert against_mixture[0].startswith("`vampprior` is better by ") and "[" in against_mixture[0]
    assert against_mixture[1].startswith("`lars-prior` is worse by ")
    assert re.fullmatch(
        r"not decided for `flow-prior` \(a difference of 0\.\d+ would probably have been seen\)",
        against_mixture[2],
    )
    assert not re.search("indistinguishable|as well as|as good as|ties", text)
    assert module.answer(found.assign(verdict="none")).startswith("Not decided")
    assert module.answer(module.contrasts(metrics().query("family == 'vae'"))).startswith(
        "Nothing was compared"
    )
    assert len(module.figure(found).axes) == 3


def test_where_nothing_is_shown_to_win_the_rest_is_not_decided_unless_all_lose(module):
    found = module.contrasts(metrics())
    open_ = module.answer(found[found["family"] != "vampprior"])
    assert open_.startswith(
        "No learned prior is shown to beat a density fitted to the plain VAE's codes afterwards; in 1 of 2 "
        "comparisons, averaged over β = 0.1 and 1, that is not decided."
    )
    lost = module.answer(found[found["family"] == "lars-prior"])
    assert (
        lost.startswith("No: every learned prior is worse than every density fitted")
        and "not decided" not in lost
    )


def test_a_family_without_an_interval_is_said_to_have_none(module):
    frame = metrics()
    found = module.contrasts(frame)
    hidden = found.assign(verdict=found["verdict"].mask(found["family"] == "lars-prior", "none"))
    assert "without an interval for `lars-prior`" in module.answer(hidden)
    assert "without an interval" not in module.answer(found)
    unfitted = module.answer(module.contrasts(frame[frame["strategy"] != "gmm"]))
    assert unfitted.startswith(
        "No density was fitted afterwards; averaged over β = 0.1 and 1: Against N(0, I)"
    )


def test_a_single_setting_that_differs_from_the_average_is_named(module):
    """vampprior wins by 3 where β is 0.1 and loses by 1 where it is 1: better on average, but not everywhere."""
    frame = metrics()
    vamp = frame["family"] == "vampprior"
    frame.loc[vamp & (frame["beta"] == 0.1), "value"] -= 2.0
    frame.loc[vamp & (frame["beta"] == 1.0), "value"] += 2.0
    text = module.answer(module.contrasts(frame))
    assert re.search(r"Against `gmm`, in KID, `vampprior` is better by [^;]*\] \(worse at β = 1\);", text)
    assert "(worse at" not in module.answer(module.contrasts(metrics()))
    one = module.answer(module.contrasts(metrics().query("beta == 1.0")))
    assert one.startswith("`vampprior` beats `gmm`, at β = 1.") and "averaged" not in one


def test_every_profile_has_every_family_on_one_grid(module):
    for profile in ("smoke", "quick", "default"):
        grids = module.EXPERIMENT.grids(profile)
        assert [grid.model.family for grid in grids] == list(module.COMPARED)
        assert len({(grid.betas, grid.seeds, grid.training, grid.model.hidden) for grid in grids}) == 1
        assert "prior" in grids[0].strategies
