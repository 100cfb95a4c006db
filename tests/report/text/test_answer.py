import dataclasses
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.report import frames
from study.report.text.answer import _headline, answer
from study.report.text.contest import contest


def outcome(
    rows: dict[str, tuple[float, str, str]],
    *,
    seeds: int = 5,
    better: str = "lower",
    states: tuple[str, ...] = ("ok",),
    needed: float = 40,
) -> pd.DataFrame:
    """KID rows: strategy -> (effect, verdict, standing) with intervals of ± 0.02, at one or more settings and averaged.

    The prior's mean is 0.02 and that of real data 0.
    """
    settings = [(1.0, float(2**i), 2.0 ** (i - 1), state) for i, state in enumerate(states)]
    average = (np.nan, np.nan, np.nan, "ok" if "ok" in states else states[0])
    known = seeds > 2
    table = []
    for alpha, beta, noise, state in [*settings, average]:
        for name, (effect, verdict, standing) in rows.items():
            counts = known and state == "ok" and name != "prior"
            mean = 0.02 * (1 - effect)
            table.append(
                {
                    "alpha": alpha, "beta": beta, "noise_variance": noise, "strategy": name, "metric": "kid",
                    "better": better, "reference": "test", "n": 500, "seeds": seeds, "mean": mean,
                    "low_mean": mean - 0.001 if known else np.nan, "high_mean": mean + 0.001 if known else np.nan,
                    "difference": mean - 0.02, "low": np.nan, "high": np.nan, "state": state,
                    "effect": effect if state == "ok" else np.nan,
                    "effect_low": effect - 0.02 if counts else np.nan,
                    "effect_high": effect + 0.02 if counts else np.nan,
                    "detectable": 0.123 if counts else np.nan, "seeds_needed": needed if counts else np.nan,
                    "verdict": verdict if verdict == "baseline" or counts else "none", "standing": standing,
                }
            )  # fmt: skip
    return pd.DataFrame(table)


PRIOR = (0.0, "baseline", "")
GMM = (0.5, "better", "best")
STRONG = (
    "tie",
    "ties",
    "is enough",
    "no difference",
    "no measurable",
    "matches it",
    "as good as",
    "significant",
)


def said(rows: dict[str, tuple[float, str, str]], **fields: Any) -> str:
    """The whole answer; nowhere a word that says more than its numbers, and an answer of at most 60 words."""
    found = answer(outcome(rows, **fields))
    assert len(found.headline.split()) < 60, found.headline
    assert len(re.findall(r"[.](?: |$)", found.headline)) <= 2, found.headline
    whole = " ".join([found.headline, *found.details])
    assert not [word for word in STRONG if re.search(rf"\b{word}\b", whole) and word not in found.headline], (
        whole
    )
    return whole


def test_one_winner():
    text = said({"prior": PRIOR, "gmm": GMM, "kde": (0.1, "not decided", "")})
    assert text.startswith(
        "Draw from `gmm`, not from the prior: at α=1, β=1, s=0.5, over 5 training runs, `gmm` closes"
    )
    assert "closes 50 [48, 52] % (95 % interval) of the prior's gap in KID to real data" in text
    assert "more than any other strategy." in text
    assert "Not decided (in brackets the effect that would have been seen): `kde` (12 %)." in text


def test_only_one_strategy_is_not_more_than_the_others():
    assert "more than" not in said({"prior": PRIOR, "gmm": GMM})


def test_several_may_be_the_best():
    rows = {
        "prior": PRIOR,
        "gmm": (0.5, "better", "may be best"),
        "posterior": (0.51, "better", "may be best"),
    }
    text = said(rows)
    assert (
        text.startswith("Draw from `posterior` or `gmm`, not")
        and "which of these is best is not decided" in text
    )
    rows |= {name: (0.4, "better", "may be best") for name in ("kde", "flow")}
    assert text.split()[:2] == ["Draw", "from"] and "(or 1 more)" in said(rows)


def test_the_best_mean_may_be_too_uncertain_where_another_is_sure():
    rows = {
        "prior": PRIOR,
        "posterior": (0.6, "not decided", "may be best"),
        "gmm": (0.5, "better", "may be best"),
    }
    text = said(rows)
    assert text.startswith("Draw from `gmm`, not") and "Not decided" in text and "more than" not in text


def test_the_prior_wins():
    text = said({"prior": (0.0, "baseline", "best"), "gmm": (-0.3, "worse", ""), "kde": (-0.2, "worse", "")})
    assert text.startswith("Draw from the prior: at α=1")
    assert (
        "every other strategy tried is worse: the nearest, `kde`, widens the gap by 20 [18, 22] % in KID"
        in text
    )
    assert "Worse than the prior: `gmm` and `kde`." in text


def test_what_is_not_decided_is_no_finding():
    """Power and the number of seeds are said; the prior is neither enough nor equal."""
    rows = {"prior": PRIOR, "gmm": (0.03, "not decided", "may be best"), "kde": (-0.3, "worse", "")}
    text = said(rows)
    assert text.startswith("Not decided whether any strategy is better than the prior")
    assert "`gmm`, closes 3.0 [1.0, 5.0] % of the gap (95 % interval)" in text
    assert "an effect of 12 % would have been seen, and 40 training runs would decide" in text
    assert "would decide" not in said(rows, needed=np.nan)


def test_equivalent_is_a_finding_with_its_margin():
    rows = {"prior": PRIOR, "gmm": (0.01, "equivalent", "may be best"), "kde": (-0.01, "equivalent", "")}
    assert "every strategy tried lies within 5.0 % of the gap" in said(rows)
    mixed = rows | {"kde": (-0.3, "worse", "")}
    text = answer(outcome(mixed)).headline
    assert "`gmm` is equivalent to it within 5.0 % of the gap" in text and "the others are worse" in text


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_give_a_hint_and_no_interval(seeds):
    found = answer(outcome({"prior": PRIOR, "gmm": (0.5, "none", "")}, seeds=seeds))
    assert found.headline.startswith("Not decided") and "[" not in found.headline
    assert "Setting by setting" not in " ".join(found.details)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("nothing to gain", "the prior is not told from real held-out data by KID"),
        ("no decoder to speak of", "reconstructions are not told from noise by KID"),
        ("cannot tell", "copies of the training data are no better than the prior"),
        ("no floor", "real held-out data were not scored by KID"),
    ],
)
def test_a_metric_that_cannot_tell_gives_no_verdict(state, reason):
    text = said({"prior": PRIOR, "gmm": GMM}, states=(state, state))
    assert text.startswith("No verdict: at every setting of (α, β) ") and reason in text
    assert "Draw from" not in text and "%" not in text.split("nearer")[0]


def test_settings_that_do_not_count_are_named():
    text = said({"prior": PRIOR, "gmm": GMM}, states=("ok", "nothing to gain", "ok"))
    assert "averaged over 2 of 3 settings with 5 training runs each" in text
    assert (
        "Not in the average: α=1, β=2, s=1 (the prior is not told from real data there: nothing to gain)."
        in text
    )
    assert "`gmm` is better than the prior at each of these 2 settings" in text


def test_without_the_prior_no_gain_is_claimed():
    assert "the prior was not among them" in answer(outcome({"gmm": (0.5, "none", "")})).headline


def test_only_the_prior():
    assert "so there is no comparison" in answer(outcome({"prior": PRIOR})).headline


def test_nothing_scored():
    assert "No strategy could be scored" in answer(pd.DataFrame()).headline


def test_models_alone_are_answered_by_their_mismatch(make_results):
    results = make_results(latent_only=True)
    models = frames.models(results)
    said = answer(pd.DataFrame(), models)
    assert (
        "KL(q(z)‖p(z)), is identified at no setting" in said.headline and "27 training runs" in said.headline
    )
    closed = answer(pd.DataFrame(), models.assign(kl_aggregate_lower=models["kl_aggregate_upper"]))
    assert "KL(q(z)‖p(z)), ranges from" in closed.headline and "not identified" not in closed.headline
    lower = models["kl_aggregate_upper"].copy()
    lower.iloc[0] = models["kl_aggregate_lower"].iloc[0]  # of the three trainings at one setting, one is open
    assert (
        "; not identified at 1 more setting)"
        in answer(pd.DataFrame(), models.assign(kl_aggregate_lower=lower)).headline
    )


def test_a_missing_primary_metric_hands_over_to_the_next(make_results, make_summary):
    text = answer(make_summary(make_results(missing=("kid",), images=False))).headline
    assert "FD" in text and "KID" not in text


def test_a_winner_that_leans_towards_training_data_is_said_to(summary):
    said = answer(summary)
    counted = "But it copies (1 of 1 measure)."  # a share would be too long
    assert said.headline.endswith(counted)
    assert any("of real held-out data" in text for text in said.details)
    average = summary["alpha"].isna()
    alone = summary["standing"].mask(average, "").mask(average & summary["strategy"].eq("posterior"), "best")
    headline = answer(summary.assign(standing=alone)).headline
    assert "But 56 % of its samples are nearer to training than to held-out data (real: 50 %)." in headline


@pytest.mark.parametrize(
    ("flags", "of", "says"),
    [
        (4, 6, " But it copies (4 of 6 measures)."),
        (1, 1, " But it copies (1 of 1 measure)."),
        (0, 6, "which of these is best is not decided."),
    ],
)
def test_a_winner_that_copies_is_said_to_where_nearness_cannot_tell(summary, flags, of, says):
    told = contest(summary)
    assert told is not None
    silent = dataclasses.replace(told, cannot_tell="noise is flagged", copying={"posterior": (flags, of)})
    assert _headline(silent).endswith(says)
    alone = {
        name: row._replace(standing="") for name, row in silent.contestants.items() if name != "posterior"
    }
    best = {"posterior": silent.contestants["posterior"]._replace(standing="best")}
    shorter = _headline(dataclasses.replace(silent, contestants=alone | best))
    fuller = f"But `posterior` copies by {flags} of {of} measure{'s' * (of > 1)} of novelty that can tell."
    assert shorter.endswith(fuller) == bool(flags)


def test_where_the_share_does_not_fit_the_measures_are_counted(summary):
    told = contest(summary)
    assert told is not None and "posterior" in told.leans
    flagged = dataclasses.replace(told, copying={"posterior": (6, 7)})
    assert _headline(flagged).endswith("But it copies (6 of 7 measures).")
    unknown = dataclasses.replace(told, copying={})
    assert _headline(unknown).endswith("But `posterior` leans towards the training data.")


def test_settings_are_counted(summary):
    changed = summary["alpha"].notna() & (summary["beta"] == 4) & (summary["verdict"] == "better")
    verdict = summary["verdict"].mask(changed, "not decided")
    details = " ".join(answer(summary.assign(verdict=verdict)).details)
    assert (
        "Setting by setting, `posterior` is better than the prior at 6 and not decided at 3 of 9." in details
    )
