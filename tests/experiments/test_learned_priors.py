"""The contrasts are paired by seed across families, and the answer agrees with them."""

import itertools
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.config.presets import vary
from study.config.serialise import to_dict
from study.tables.results import Results
from tests.experiments.conftest import OVER, disagreeing

VALUES = {
    ("vae", "prior"): 3.0, ("vae", "posterior"): 1.0, ("vae", "gmm"): 2.0,
    ("vampprior", "prior"): 1.0, ("flow-prior", "prior"): 2.0, ("lars-prior", "prior"): 4.0,
    ("vampprior", "posterior"): 0.4, ("flow-prior", "posterior"): 2.0, ("lars-prior", "posterior"): 1.0,
}  # fmt: skip


def metrics() -> pd.DataFrame:
    """KID of each family and strategy: the shared effect of a seed is large, the remaining noise small."""
    rng = np.random.default_rng(0)
    rows = []
    for beta, seed in itertools.product((0.1, 1.0), range(5)):
        luck = rng.normal(0, 5)
        for (family, name), value in VALUES.items():
            rows.append(
                {"family": family, "strategy": name, "metric": "kid", "better": "lower", "beta": beta,
                 "alpha": 1.0, "noise_variance": beta / 2, "reference": "test", "n": 100, "stderr": 0.001, "fit": 0,
                 "seed": seed, "draw": 0, "value": value + luck + rng.normal(0, 0.1), "status": "ok"}
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_contrasts_are_paired_by_seed(module):
    found = module.contrasts(metrics())
    assert len(found) == 3 * 3 * 2  # families × strategies of the plain VAE × β
    for row in found.itertuples():
        expected = VALUES[(row.family, "prior")] - VALUES[("vae", row.against)]
        assert row.difference == pytest.approx(expected, abs=0.3)
        assert row.low < expected + 0.2 and row.high > expected - 0.2 and row.high - row.low < 1
        assert row.seeds == 5
    whole = found[found["beta"] == 1.0].set_index(["family", "against"])["verdict"]
    assert whole[("vampprior", "gmm")] == "better"
    assert whole[("lars-prior", "gmm")] == "worse"
    assert whole[("flow-prior", "gmm")] == "not decided"


def rows(module: Any, frame: pd.DataFrame) -> pd.DataFrame:
    return module.contrasts(frame).query("metric == 'kid'")


def said(module: Any, frame: pd.DataFrame) -> str:
    """The answer, after a look at its length."""
    answer = module.answer(rows(module, frame), module.from_posteriors(frame))
    assert len(answer.split()) < 60
    assert not re.search("indistinguishable|as well as|as good as|ties", answer)
    return answer


def test_evaluations_that_disagree_decide_nothing(module):
    """The learned prior is better by 1 in every training under the mean of evaluations."""
    frame = metrics()
    found = module.contrasts(disagreeing(frame, "kid", frame["family"] == "vampprior", 3.0))
    told = found[found["against"] == "gmm"].set_index(["family", "beta"]).sort_index()
    assert (told["seeds"] == 5).all() and len(told) == 3 * 2
    assert set(told.loc["vampprior", "verdict"]) == {"not decided"}
    assert set(told.loc["lars-prior", "verdict"]) == {"worse"}
    texts = [
        one.sections[0].text + one.figures[0].caption
        for one in (
            reported(module, frame),
            reported(module, disagreeing(frame, "kid", frame["beta"] > 0, 0.001)),
        )
    ]
    assert OVER not in texts[0] and f"means{OVER}, and the difference, paired by seed" in texts[1]
    assert f"95 % intervals{OVER}, paired by seed" in texts[1]


def test_the_answer_follows_the_contrasts(module):
    text = said(module, metrics())
    assert re.match(
        r"At β = 0\.1 and 1 `vampprior` beats `gmm` \(in KID by 0?\.?\d+.* to [01]\.?\d* \[.*\]\); `lars-prior` is "
        r"worse everywhere\. At every β, 2 of 3 beat N\(0, I\), and in 3 of 4 families \(with `vae`\) `posterior` "
        r"beats the model's own prior\.$",
        text,
    )
    none = rows(module, metrics()).assign(verdict="none")
    assert module.answer(none, none.iloc[:0]).startswith("Not decided")


def test_the_answer_names_the_beta_at_which_a_family_wins(module):
    """vampprior wins by 3 where β is 0.1 and loses by 1 where it is 1, against both densities; no average is told."""
    frame = metrics()
    both = pd.concat([frame, frame[frame["strategy"] == "gmm"].assign(strategy="flow")])
    vamp = (both["family"] == "vampprior") & (both["strategy"] == "prior")
    both.loc[vamp & (both["beta"] == 0.1), "value"] -= 2.0
    both.loc[vamp & (both["beta"] == 1.0), "value"] += 2.0
    text = said(module, both)
    assert text.startswith("At β = 0.1 `vampprior` beats both `gmm` and `flow` (in KID by ")
    assert "), at 1 none does; `lars-prior` is worse everywhere." in text
    told = module._told(rows(module, both), ("gmm",))
    assert "`vampprior` is better at β = 0.1 (by " in told and ") and worse at 1 (by " in told


def test_the_texts_say_what_is_told_of_every_family(module):
    found = rows(module, metrics())
    mixture = module._told(found, module.DRAWN).split(" Against `gmm`: ")[1]
    vamp, flow, lars = mixture.rstrip(".").split("; ")
    assert vamp.startswith("`vampprior` is better at β = 0.1 and 1 (by ") and "[" in vamp
    assert flow.startswith("`flow-prior` is not decided at β = 0.1 and 1 (")
    assert re.search(r" \(only differences above 0\.\d+ to 0\.\d+ would probably have been seen\)$", flow)
    assert lars.startswith("`lars-prior` is worse at β = 0.1 and 1 (by ") and "seen" not in vamp + lars
    hidden = found.assign(verdict=found["verdict"].mask(found["family"] == "lars-prior", "none"))
    assert "`lars-prior` is without an interval at" in module._told(hidden, module.DRAWN)
    assert len(module.figure(found).axes) == 3


def test_where_nothing_is_shown_to_win_the_rest_is_not_decided_unless_all_lose(module):
    frame = metrics()
    open_ = said(module, frame[frame["family"] != "vampprior"])
    assert open_.startswith(
        "Not shown: in KID no learned prior is told to beat `gmm` at β = 0.1 and 1; `lars-prior` is worse everywhere."
    )
    lost = said(module, frame[frame["family"].isin(["vae", "lars-prior"])])
    assert lost.startswith(
        "No: in KID every learned prior is worse than `gmm` at β = 0.1 and 1. At every β, in 2 of 2"
    )
    unfitted = said(module, frame[frame["strategy"] != "gmm"])
    assert unfitted.startswith("No density was fitted afterwards.")


def test_families_are_explained_with_their_sources(module):
    found = reported(module, metrics())
    (meant,) = [part for part in found.sections if part.title == "The families"]
    assert meant.table["name"].tolist() == ["vae", "vampprior", "flow-prior", "lars-prior"]
    assert meant.table["source"].str.contains("20").all() and (meant.table["summary"].str.len() > 20).all()
    assert "`flow-prior` is not decided at β = 0.1 and 1" in meant.text
    assert "keeps these codes" not in meant.text
    frame = metrics()
    own = frame[frame["family"] == "vampprior"].assign(family="exemplar")
    (meant,) = [
        part for part in reported(module, pd.concat([frame, own])).sections if part.title == "The families"
    ]
    assert "it keeps these codes, as `posterior` does" in meant.text
    costs = found.sections[-1].table
    assert "KL(q(z)‖p(z)), lower" not in costs and {"β", "T", "rate"} <= set(costs)
    assert not any("_" in name for name in costs)


def reported(module: Any, scored: pd.DataFrame) -> Any:
    """The findings of these scores, beside one model whose rate was measured."""
    runs = pd.DataFrame(
        {"run_id": ["a"], "alpha": 1.0, "beta": 1.0, "noise_variance": 0.5, "seed": 0, "family": "vae"}
    )
    losses = pd.DataFrame({"run_id": ["a"], "split": "validation", "epoch": 1, "loss": 3.0})
    model = {"run_id": "a", "strategy": "model", "metric": "rate", "value": 2.0, "status": "ok"}
    facts = {"dataset": {"shape": [8, 8]}, "config": []}
    every, none = pd.concat([scored.assign(run_id="a"), pd.DataFrame([model])]), pd.DataFrame()
    return module.findings(Results(runs, every, none, losses, none, {}, facts), {})


def test_without_a_learned_prior_nothing_was_compared(module):
    found = reported(module, metrics().query("family == 'vae'"))
    assert found.answer.startswith("Nothing was compared") and not found.figures


def test_truncation_and_parameters_are_those_of_the_configuration(module):
    config = to_dict(
        vary(module.SMOKE, model={"family": "lars-prior", "prior": {"proposals": 7, "hidden": (4,)}})
    )
    facts = {"dataset": {"shape": [8, 8]}, "config": [config]}
    assert module.truncations(facts) == {"lars-prior": 7}
    d = config["model"]["latent_dim"]
    extra = module.parameters(facts)
    assert extra["vae"] == 0 and extra["lars-prior"] >= 4 * (d + 1) + 5  # one hidden layer and its output


def test_every_profile_has_every_family_on_one_grid(module):
    for profile in ("smoke", "quick", "default"):
        grids = module.EXPERIMENT.grids(profile)
        assert [grid.model.family for grid in grids] == list(module.COMPARED)
        assert len({(grid.betas, grid.seeds, grid.training, grid.model.hidden) for grid in grids}) == 1
        assert "prior" in grids[0].strategies
