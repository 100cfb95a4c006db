"""The table of the posterior gap by setting, and the answer made from it."""

import pandas as pd
import pytest

from study.tables.results import Results

SEEDS = 5


def results(
    gaps: dict[float, float], *, annealed: float | None = None, rate: float = 10.0, error: float = 0.0
) -> Results:
    """Five training runs per β with these gaps, shifted by −0.2 to 0.2, at ELBO −100; annealing adds `annealed`."""
    runs, metrics = [], []
    for beta, gap in gaps.items():
        for seed in range(SEEDS):
            run = {
                "run_id": f"{beta}-{seed}",
                "alpha": 1.0,
                "beta": beta,
                "noise_variance": beta / 2,
                "seed": seed,
            }
            runs.append(run)
            own = gap + 0.1 * (seed - 2)
            values = {
                "elbo": -100.0,
                "iwae_50": own / 2 - 100,
                "iwae_500": own - 100.1,
                "iwae_5000": own - 100,
            }
            values |= {"posterior_gap": own, "rate": rate, "effective_samples": 300.0}
            if annealed is not None:
                values |= {
                    "ais": own - 100 + annealed,
                    "posterior_gap_ais": own + annealed,
                    "ais_acceptance": 0.65,
                }
            metrics += [
                {
                    "run_id": run["run_id"],
                    "strategy": "model",
                    "metric": name,
                    "value": value,
                    "status": "ok",
                    "n": 48,
                    "stderr": 0.0 if name == "rate" else error,
                }
                for name, value in values.items()
            ]
    none = pd.DataFrame()
    return Results(pd.DataFrame(runs), pd.DataFrame(metrics), none, none, none, {}, {})


def test_the_table_has_means_and_intervals_over_trainings(module):
    table = module.by_setting(results({0.1: 2.0, 1.0: 1.0})).set_index("beta")
    assert table["posterior_gap"].to_dict() == pytest.approx({0.1: 2.0, 1.0: 1.0})
    assert table["share"].to_dict() == pytest.approx({0.1: 0.2, 1.0: 0.1})
    assert (table["posterior_gap_low"] < table["posterior_gap"]).all()
    assert (table["posterior_gap_high"] > table["posterior_gap"]).all()
    assert table["iwae_5000"].to_dict() == pytest.approx({0.1: -98.0, 1.0: -99.0})
    assert (table["trainings"] == SEEDS).all()


@pytest.mark.parametrize(
    ("gaps", "rate", "start"),
    [
        ({0.1: 3.0, 1.0: 2.0}, 10.0, "No: KL(q(z|x)‖p(z|x)), over 48 held-out examples, is at least 10 % of the rate "
         "at β = 0.1 and 1; the largest lower bound is 3.00 [2.80, 3.20] nats, 30.0 [28.0, 32.0] %, at β = 0.1."),
        ({0.1: 3.0, 1.0: 0.5}, 10.0, "No at β = 0.1: there KL(q(z|x)‖p(z|x)), over 48 held-out examples, is at least "
         "10 % of the rate; the largest"),
        ({0.1: 0.6, 1.0: 0.5}, 10.0, "Not decided: at no setting is it shown that"),
        ({1.0: 1.1}, 10.0, "Not decided: at no setting is it shown that"),  # 11 % with an interval from 9 %
        ({0.1: 0.6, 1.0: 0.5}, 0.0, "Not decided: at every setting the posteriors have collapsed to the prior."),
        ({0.1 * i: 4.0 - 0.3 * i for i in range(1, 14)}, 10.0, "No at 9 of 13 settings: there KL(q(z|x)‖p(z|x)), "),
    ],
)  # fmt: skip
def test_the_verdict_follows_the_share_of_the_rate(answer, gaps, rate, start):
    said = answer(results(gaps, rate=rate))
    assert said.startswith(start) and "Close" not in said
    assert ("a lower bound cannot show" in said.lower()) == (not start.startswith("No: ") and rate > 0)


def test_what_is_not_decided_is_said_with_its_bound(answer):
    said = answer(results({0.1: 3.0, 1.0: 0.5}))
    assert "bound is 3.00 [2.80, 3.20] nats, 30.0 [28.0, 32.0] %. At β = 1" in said
    assert said.endswith(
        " At β = 1 that is not decided (5.0 [3.0, 7.0] %): a lower bound cannot show closeness."
    )


def test_examples_that_all_runs_share_widen_every_interval(module, answer):
    """By 1.96 standard errors, in the root of squares; runs alone would tell 3 nats of a rate of 10 from a tenth."""
    plain, wide = (module.by_setting(results({0.1: 3.0}, error=error)).iloc[0] for error in (0.0, 1.5))
    for end, sign in (("low", -1), ("high", 1)):
        runs = plain[f"gap_{end}"] - plain["gap"]
        expected = wide["gap"] + sign * (runs**2 + (1.96 * 1.5) ** 2) ** 0.5
        assert wide[f"gap_{end}"] == pytest.approx(expected)
        assert wide[f"share_{end}"] == pytest.approx(expected / 10)
    assert answer(results({0.1: 3.0})).startswith("No: ")
    assert answer(results({0.1: 3.0}, error=1.5)).startswith("Not decided: ")


def test_the_nearer_bound_is_the_gap(module):
    for annealed, gap, by in (
        (0.5, 3.5, "annealing"),
        (-0.5, 3.0, "5000 samples"),
        (None, 3.0, "5000 samples"),
    ):
        table = module.by_setting(results({0.1: 3.0}, annealed=annealed))
        assert table["gap"].tolist() == pytest.approx([gap])
        assert table["share"].tolist() == pytest.approx([gap / 10])
        assert table["by"].tolist() == [by]


def test_the_caption_says_what_annealing_finds_beyond_importance_samples(module):
    found = module.findings(results({0.1: 3.0, 1.0: 0.5}, annealed=1.0), {})
    (section,), (own, *_) = found.sections, found.figures
    assert (
        "importance samples find 3 of 4 nats at β = 0.1 and 0.5 of 1.5 nats at β = 1; both may" in own.caption
    )
    assert "means over 48 held-out examples that all runs share" in own.caption
    assert "means over 48 held-out examples" in section.text
    assert section.table["gap by annealing"].str.startswith("4.0").any()
    assert len(own.figure.axes) == 1
    near = module.findings(results({0.1: 3.0}, annealed=0.1), {}).figures[0].caption
    assert "annealing" not in near


def test_without_annealing_there_is_no_word_of_it(module):
    found = module.findings(results({0.1: 3.0}), {})
    assert "annealing" not in found.answer + found.figures[0].caption
    assert "ais" not in found.sections[0].table


def test_the_caption_names_what_has_collapsed_and_gives_no_sizes_there(module):
    found = module.findings(results({0.1: 3.0, 1.0: 0.5}, annealed=1.0, rate=0.05), {})
    caption = found.figures[0].caption
    assert caption.endswith(" Posteriors have collapsed to the prior at β = 0.1 and 1.")
    assert "importance samples find" not in caption
