"""The table of the posterior gap by setting, and the answer made from it."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from study.tables.results import Results

ROOT = Path(__file__).parents[2]
SEEDS = 5


@pytest.fixture(scope="module")
def module():
    return SimpleNamespace(**runpy.run_path(str(ROOT / "experiments" / "posterior_gap.py")))


def results(gaps: dict[float, float], *, annealed: float | None = None, rate: float = 10.0) -> Results:
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
                }
                for name, value in values.items()
            ]
    none = pd.DataFrame()
    return Results(pd.DataFrame(runs), pd.DataFrame(metrics), none, none, none, {}, {})


def test_the_table_has_means_and_intervals_over_trainings(module):
    table = module.by_setting(results({0.1: 2.0, 1.0: 1.0}), None)["posterior_gap"].set_index("beta")
    assert table["posterior_gap"].to_dict() == pytest.approx({0.1: 2.0, 1.0: 1.0})
    assert table["share"].to_dict() == pytest.approx({0.1: 0.2, 1.0: 0.1})
    assert (table["posterior_gap_low"] < table["posterior_gap"]).all()
    assert (table["posterior_gap_high"] > table["posterior_gap"]).all()
    assert table["iwae_5000"].to_dict() == pytest.approx({0.1: -98.0, 1.0: -99.0})
    assert (table["trainings"] == SEEDS).all()


@pytest.mark.parametrize(
    ("gaps", "rate", "start"),
    [
        (
            {0.1: 3.0, 1.0: 2.0},
            10.0,
            "No: at every setting q(z|x) is at least 10 % of the rate from p(z|x): the lower",
        ),
        (
            {0.1: 3.0, 1.0: 0.5},
            10.0,
            "Not everywhere: q(z|x) is at least 10 % of the rate from p(z|x) at α = 1, β = 0.1; not decided at α = 1, "
            "β = 1, since a lower bound cannot show that they are close: ",
        ),
        (
            {0.1: 0.6, 1.0: 0.5},
            10.0,
            "Not decided: at no setting is q(z|x) shown to be 10 % of the rate from p(z|x), and",
        ),
        ({1.0: 1.1}, 10.0, "Not decided: at no setting is"),  # 11 % with an interval from 9 %
        (
            {0.1: 0.6, 1.0: 0.5},
            0.0,
            "Not decided: at every setting the posteriors have collapsed to the prior.",
        ),
    ],
)
def test_the_verdict_follows_the_share_of_the_rate(module, gaps, rate, start):
    made = results(gaps, rate=rate)
    answer = module.findings(made, module.by_setting(made, None)).answer
    assert answer.startswith(start) and "Close" not in answer


def test_the_nearer_bound_is_the_gap(module):
    for annealed, gap, by in (
        (0.5, 3.5, "annealing"),
        (-0.5, 3.0, "5000 samples"),
        (None, 3.0, "5000 samples"),
    ):
        table = module.by_setting(results({0.1: 3.0}, annealed=annealed), None)["posterior_gap"]
        assert table["gap"].tolist() == pytest.approx([gap])
        assert table["share"].tolist() == pytest.approx([gap / 10])
        assert table["by"].tolist() == [by]


def test_the_answer_names_both_ends(module):
    made = results({0.1: 3.0, 1.0: 0.5}, annealed=1.0)
    found = module.findings(made, module.by_setting(made, None))
    assert "at α = 1, β = 1 (15 [13, 17] % of the rate) to 4.00 [" in found.answer
    assert "(effectively 300) find only 3 of it; annealing finds the rest." in found.answer
    (section,) = found.sections
    assert "means over 48 held-out examples" in section.text
    assert section.table["posterior_gap_ais"].str.startswith("4.0").any()
    assert len(section.figure.axes) == 2


def test_without_annealing_there_is_no_word_of_it(module):
    made = results({0.1: 3.0})
    found = module.findings(made, module.by_setting(made, None))
    assert "annealing" not in found.answer
    assert "ais" not in found.sections[0].table
