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


def results(accuracy: dict[float, float]) -> Results:
    """Label accuracy of the conditional model by β, equal for all its strategies; that of the plain model is 0.5."""
    runs, metrics = [], []
    for family in ("cvae", "vae"):
        for beta, share in accuracy.items():
            for seed in range(SEEDS):
                run = {"run_id": f"{family}{beta}{seed}", "family": family, "alpha": 1.0, "beta": beta,
                       "noise_variance": beta / 2, "seed": seed}  # fmt: skip
                runs.append(run)
                own = share if family == "cvae" else 0.5
                names = ("prior", "class-posterior", "held-out") if family == "cvae" else ("class-posterior",)
                found = [(name, "label_accuracy", own - 0.01 * seed) for name in names]
                found += [("model", "rate", 5.0 + seed), ("model", "class_kl_lower", 1.0)]
                metrics += [
                    {**run, "strategy": name, "metric": metric, "value": value, "status": "ok", "draw": 0}
                    for name, metric, value in found
                ]
    none = pd.DataFrame()
    return Results(pd.DataFrame(runs), pd.DataFrame(metrics), none, none, none, {}, {})


def test_shares_have_intervals_that_do_not_leave_their_range(module):
    tables = module.tables(results({0.2: 1.0, 1.0: 0.9}), None)
    table = tables["asked"].set_index(["family", "strategy", "beta"])
    assert len(table) == 8 and (table["seeds"] == SEEDS).all()
    assert table["label_accuracy"][("cvae", "prior", 0.2)] == pytest.approx(0.98)
    assert (table["label_accuracy_low"] < table["label_accuracy"]).all() and table[
        "label_accuracy_high"
    ].max() <= 1
    apart = tables["class_mismatch"].set_index(["family", "beta"])
    assert (apart["rate"] == 7.0).all() and "label_information" not in apart


@pytest.mark.parametrize(
    ("accuracy", "start"),
    [
        ({0.2: 0.99, 1.0: 0.9}, "A conditional model gives the requested class in at least 95 % of samples, both from"),
        ({0.2: 0.9, 1.0: 0.9}, "At no β does a conditional model give the requested class in 95 % of samples"),
    ],
)  # fmt: skip
def test_the_verdict_follows_the_accuracy(module, accuracy, start):
    made = results(accuracy)
    found = module.findings(made, module.tables(made, None))
    assert found.answer.startswith(start)
    assert "`class-posterior` of the vae gives the requested class in 48.0 [" in found.answer
    asked, classes = (section.table for section in found.sections)
    assert len(asked) == 8 and len(classes) == 4
    (axes,) = found.sections[0].figure.axes
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["prior, cvae", "class-posterior, cvae", "class-posterior, vae", "held-out, cvae"]


def test_without_labels_nothing_was_asked_for(module):
    made = results({1.0: 0.9})
    made = dataclasses.replace(made, metrics=made.metrics[made.metrics["strategy"] == "model"])
    assert module.answer(module.asked(made.metrics)).startswith("No class was requested")
