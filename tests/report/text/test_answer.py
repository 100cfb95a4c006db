import numpy as np
import pandas as pd
import pytest

from study.report import frames
from study.report.text.answer import answer


def outcome(
    rows: dict[str, tuple[float, float, str, str]], *, seeds: int = 5, better: str = "lower"
) -> pd.DataFrame:
    """Averaged KID rows: strategy -> (mean, paired difference, verdict, standing), intervals of ±0.001."""
    table = [
        {
            "alpha": np.nan,
            "beta": np.nan,
            "noise_variance": np.nan,
            "strategy": name,
            "metric": "kid",
            "better": better,
            "reference": "test",
            "n": 500,
            "seeds": seeds,
            "mean": mean,
            "low_mean": mean - 0.001 if seeds > 2 else np.nan,
            "high_mean": mean + 0.001 if seeds > 2 else np.nan,
            "difference": difference,
            "low": difference - 0.001 if seeds > 2 else np.nan,
            "high": difference + 0.001 if seeds > 2 else np.nan,
            "verdict": verdict,
            "standing": standing,
        }
        for name, (mean, difference, verdict, standing) in rows.items()
    ]
    return pd.DataFrame(table)


PRIOR = (0.02, 0.0, "baseline", "")
GMM = (0.01, -0.01, "better", "best")


def test_one_winner():
    text = answer(outcome({"prior": PRIOR, "gmm": GMM})).headline
    assert text.startswith("Draw from `gmm`, not from the prior.")
    assert "lowers KID by 0.0100 [0.0090, 0.0110] (95 % interval)" in text
    assert "no other strategy matches it" in text


def test_a_metric_where_higher_is_better():
    rows = {"prior": (0.5, 0.0, "baseline", ""), "gmm": (0.6, 0.1, "better", "best")}
    text = answer(outcome(rows, better="higher").assign(metric="coverage")).headline
    assert "raises coverage by 0.100 [0.099, 0.101]" in text


def test_several_tie_for_the_best():
    rows = {"prior": PRIOR, "gmm": (*GMM[:3], "tied"), "posterior": (0.0101, -0.0099, "better", "tied")}
    text = answer(outcome(rows)).headline
    assert text.startswith("Draw from `gmm` or `posterior`") and "they tie for the best KID" in text


def test_the_best_mean_may_be_too_uncertain_where_another_is_sure():
    rows = {
        "prior": PRIOR,
        "posterior": (0.008, -0.012, "tie", "tied"),
        "gmm": (0.01, -0.01, "better", "tied"),
    }
    text = answer(outcome(rows)).headline
    assert text.startswith("Draw from `gmm`, not")
    assert "`posterior` has a better mean, but does not beat the prior significantly" in text


def test_the_prior_wins():
    rows = {"prior": (*PRIOR[:3], "best"), "gmm": (0.03, 0.01, "worse", "")}
    said = answer(outcome(rows))
    assert said.headline.startswith("Draw from the prior.")
    assert (
        "every other strategy is worse: the nearest, `gmm`, raises KID by 0.0100 [0.0090, 0.0110]"
        in said.headline
    )
    assert "Worse than the prior: `gmm`." in said.details


def test_the_prior_leads_and_another_ties():
    rows = {"prior": (*PRIOR[:3], "tied"), "gmm": (0.0201, 0.0001, "tie", "tied")}
    assert answer(outcome(rows)).headline.endswith("`gmm` ties with it.")


def test_everything_ties():
    rows = {
        "prior": PRIOR,
        "gmm": (0.0199, -0.0001, "tie", "tied"),
        "posterior": (0.0201, 0.0001, "tie", "tied"),
    }
    text = answer(outcome(rows)).headline
    assert text.startswith("It makes no measurable difference")
    assert "gains 0.00010 [−0.00090, 0.00110]" in text


def test_no_winner_but_losers():
    rows = {"prior": PRIOR, "gmm": (0.0199, -0.0001, "tie", "tied"), "posterior": (0.03, 0.01, "worse", "")}
    assert answer(outcome(rows)).headline.startswith("The prior is enough")


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_give_a_hint_and_no_interval(seeds):
    rows = {"prior": PRIOR, "gmm": (0.01, -0.01, "tie", "tied")}
    said = answer(outcome(rows, seeds=seeds))
    assert said.headline.startswith("Not decided") and "[" not in said.headline
    assert "Setting by setting" not in " ".join(said.details)


def test_without_the_prior_no_gain_is_claimed():
    rows = {"gmm": (0.01, np.nan, "none", "best")}
    assert "the prior was not among them" in answer(outcome(rows)).headline


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
    assert "But `posterior` leans towards the training data." in said.headline
    assert any("of real held-out data" in text for text in said.details)


def test_settings_are_counted(summary):
    verdict = summary["verdict"].mask(
        summary["alpha"].notna() & (summary["beta"] == 4) & (summary["verdict"] == "better"), "tie"
    )
    details = " ".join(answer(summary.assign(verdict=verdict)).details)
    assert "beats the prior in 6 of 9, ties with it in 3 and loses to it in 0" in details
    assert (
        "no strategy beats it significantly) at α=0.5, β=4, s=4, α=1, β=4, s=2 and α=2, β=4, s=1" in details
    )
