"""`conditional` on hand-made tables: intervals of shares, the verdict, and the figure."""

import dataclasses
import runpy
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from study.tables.results import Results

ROOT = Path(__file__).parents[2]
SEEDS = 5


@pytest.fixture(scope="module")
def module() -> SimpleNamespace:
    return SimpleNamespace(**runpy.run_path(str(ROOT / "experiments" / "conditional.py")))


def results(
    accuracy: dict[float, float], *, plain: float = 0.5, step: float = 0.01, seeds: int = SEEDS
) -> Results:
    """Label accuracy of the conditional model by β, equal for all its strategies, and of the plain model."""
    runs, metrics = [], []
    for family in ("cvae", "vae"):
        for beta, share in accuracy.items():
            for seed in range(seeds):
                run = {"run_id": f"{family}{beta}{seed}", "family": family, "alpha": 1.0, "beta": beta,
                       "noise_variance": beta / 2, "seed": seed}  # fmt: skip
                runs.append(run)
                own = share if family == "cvae" else plain
                names = ("prior", "class-posterior", "held-out") if family == "cvae" else ("class-posterior",)
                small = 0.001 * (seed % 2) * (family == "vae")
                found = [(name, "label_accuracy", own - step * seed + small) for name in names]
                found += [("model", "rate", 5.0 + seed), ("model", "class_kl_lower", 1.0)]
                metrics += [
                    {
                        **run,
                        "strategy": name,
                        "metric": metric,
                        "value": value,
                        "status": "ok",
                        "draw": 0,
                        "better": "higher",
                    }
                    for name, metric, value in found
                ]
    none = pd.DataFrame()
    return Results(pd.DataFrame(runs), pd.DataFrame(metrics), none, none, none, {}, {})


def test_shares_have_intervals_that_do_not_leave_their_range(module):
    tables = module.tables(results({0.2: 1.0, 1.0: 0.9}), None)
    table = tables["asked"].set_index(["family", "strategy", "beta"])
    assert len(table) == 8 and (table["seeds"] == SEEDS).all()
    assert table["label_accuracy"][("cvae", "prior", 0.2)] == pytest.approx(0.98)
    assert (table["label_accuracy_low"] < table["label_accuracy"]).all()
    assert (table["label_accuracy"] < table["label_accuracy_high"]).all() and table[
        "label_accuracy_high"
    ].max() < 1
    assert (
        table["label_accuracy_high"][("cvae", "prior", 0.2)] < 0.998
    )  # by Student on the plain scale 0.9996
    apart = tables["class_mismatch"].set_index(["family", "beta"])
    assert (apart["rate"] == 7.0).all() and "label_information" not in apart


@pytest.mark.parametrize(
    ("accuracy", "start"),
    [
        (
            {0.2: 0.999, 1.0: 0.9},
            "A conditional model gives the requested class in at least 95 % of samples, both from its prior and from "
            "class posteriors, at β = 0.2; at least one of its prior and class posteriors gives the requested class in "
            "less than 95 % of samples at β = 1.",
        ),
        (
            {0.2: 0.9, 1.0: 0.9},
            "At least one of its prior and class posteriors gives the requested class in less than 95 % of samples at "
            "β = 0.2 and 1.",
        ),
        (
            {0.2: 0.96, 1.0: 0.999},
            "A conditional model gives the requested class in at least 95 % of samples, both from its prior and from "
            "class posteriors, at β = 1; whether both give it in 95 % of samples is not decided at β = 0.2.",
        ),
    ],
)
def test_the_verdict_follows_the_intervals_of_accuracy(module, accuracy, start):
    """A mean of 0.958 with a seed at 0.956 and one at 0.96 is on neither side of 0.95 with certainty."""
    step = 0.005
    made = results(accuracy, step=step)
    found = module.findings(made, module.tables(made, None))
    assert found.answer.startswith(start)
    assert "`class-posterior` of the vae gives the requested class in 49.0 [" in found.sections[0].text
    asked, classes = (section.table for section in found.sections)
    assert len(asked) == 8 and len(classes) == 4
    (axes,) = found.sections[0].figure.axes
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["prior, cvae", "class-posterior, cvae", "class-posterior, vae", "held-out, cvae"]


def test_without_labels_nothing_was_asked_for(module):
    made = results({1.0: 0.9})
    made = dataclasses.replace(made, metrics=made.metrics[made.metrics["strategy"] == "model"])
    none = module.answer(module.asked(made.metrics), module.against(made.metrics))
    assert none.startswith("No class was requested")


def test_the_setting_at_which_the_plain_model_is_better_is_said(module):
    made = results({0.2: 0.8, 1.0: 0.99, 4.0: 0.901}, plain=0.9, step=0.002)
    seeds = made.metrics["run_id"].str[-1].astype(int)
    noisy = (made.metrics["beta"] == 4.0) & (made.metrics["family"] == "cvae")
    made.metrics.loc[noisy & (made.metrics["metric"] == "label_accuracy"), "value"] += 0.03 * (
        seeds % 3 - 0.8
    )
    answer = module.findings(made, module.tables(made, None)).answer
    assert (
        "Its prior gives the class, against the `class-posterior` of the vae, more often at β = 1 (98.6 against "
        in answer
    )
    assert "; less often at β = 0.2 (79.6 against 89.6 %, a difference of " in answer
    assert "; not decided at β = 4 (a difference of " in answer and answer.endswith(
        " would probably have been seen)."
    )
    same = made.metrics[made.metrics["beta"] == 4.0]
    alone = module._apart(module.against(same))
    assert alone.startswith(
        " Whether its prior gives the class more often than the `class-posterior` of the vae: not"
    )
    assert "Its prior gives" not in alone


def test_without_spread_or_seeds_nothing_is_enough(module):
    """That every training has 100 % is no interval; two trainings have none either."""
    for made in (results({1.0: 1.0}, step=0.0), results({1.0: 0.999}, seeds=2)):
        answer = module.findings(made, module.tables(made, None)).answer
        assert answer.startswith("At β = 1 there is no interval, for lack of seeds or of spread.")
        assert "at least" not in answer
