"""`conditional` on hand-made tables: intervals of shares, the verdict, and the figure."""

import dataclasses
import re

import pandas as pd
import pytest

from study.tables.results import Results
from tests.experiments.conftest import OVER, disagreeing

SEEDS = 5


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
    made = results({0.2: 1.0, 1.0: 0.9})
    table = module.asked(made.metrics).set_index(["family", "strategy", "beta"])
    assert len(table) == 8 and (table["seeds"] == SEEDS).all()
    assert table["label_accuracy"][("cvae", "prior", 0.2)] == pytest.approx(0.98)
    assert (table["label_accuracy_low"] < table["label_accuracy"]).all()
    assert (table["label_accuracy"] < table["label_accuracy_high"]).all() and table[
        "label_accuracy_high"
    ].max() < 1
    assert (
        table["label_accuracy_high"][("cvae", "prior", 0.2)] < 0.998
    )  # by Student on the plain scale 0.9996
    apart = module.findings(made, {}).sections[1].table
    assert apart["rate"].str.startswith("7").all() and "label_information" not in apart


@pytest.mark.parametrize(
    ("accuracy", "end"),
    [
        ({0.2: 0.999, 1.0: 0.9}, "yes at β = 0.2 and no at β = 1"),
        ({0.2: 0.9, 1.0: 0.9}, "no at β = 0.2 and 1"),
        ({0.2: 0.96, 1.0: 0.999}, "yes at β = 1 and not decided at β = 0.2"),
    ],
)
def test_whether_it_is_often_enough_follows_the_intervals_of_accuracy(module, accuracy, end):
    """A mean of 0.95 with a seed at 0.94 and one at 0.96 is on neither side of 0.95 with certainty."""
    found = module.findings(results(accuracy, step=0.005), {})
    assert found.figures[0].caption.endswith(
        f"requested class: `prior` of the cvae {end}; `class-posterior` of the cvae {end}; "
        "`class-posterior` of the vae no at β = 0.2 and 1."
    )
    assert "averaged over all classes" in found.figures[0].caption
    assert "`class-posterior` of the vae gives the requested class in 49.0 [" in found.sections[0].text
    asked, classes = (section.table for section in found.sections)
    assert len(asked) == 8 and len(classes) == 4
    (axes,) = found.figures[0].figure.axes
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["prior, cvae", "class-posterior, cvae", "class-posterior, vae", "real held-out data"]


def test_without_labels_nothing_was_asked_for(answer):
    made = results({1.0: 0.9})
    made = dataclasses.replace(made, metrics=made.metrics[made.metrics["strategy"] == "model"])
    assert answer(made).startswith("No class was requested")


def test_the_setting_at_which_the_plain_model_is_better_is_said(answer):
    made = results({0.2: 0.8, 1.0: 0.99, 4.0: 0.901}, plain=0.9, step=0.002)
    seeds = made.metrics["run_id"].str[-1].astype(int)
    noisy = (made.metrics["beta"] == 4.0) & (made.metrics["family"] == "cvae")
    noisy &= made.metrics["metric"] == "label_accuracy"
    made.metrics.loc[noisy, "value"] += 0.03 * (seeds % 3 - 0.8)
    assert answer(made).startswith(
        "It depends: averaged over classes, a conditional VAE's prior gives the requested class in 79.6"
    )
    alone = answer(dataclasses.replace(made, metrics=made.metrics[made.metrics["beta"] == 4.0]))
    assert alone.startswith("It depends: ") and "(β = 4)" in alone


def test_every_way_and_the_recall_it_costs_are_in_the_answer(answer):
    made = results({0.2: 0.85, 1.0: 0.99}, plain=0.7, step=0.002)
    rows = made.metrics[made.metrics["metric"] == "label_accuracy"]
    seeds = 0.001 * rows["seed"]
    recall = rows.assign(metric="recall", value=(0.001 + seeds).where(rows["beta"] == 1.0, 0.4 + seeds))
    recall.loc[rows["strategy"] == "held-out", "value"] = 0.9
    metrics = pd.concat([made.metrics, recall], ignore_index=True)
    said = answer(dataclasses.replace(made, metrics=metrics))
    assert re.fullmatch(
        r"A conditional model: averaged over classes, its prior gives the requested class in 84\.6 \[.*\] and 98\.6 "
        r"\[.*\] % \(β = 0\.2, 1\), its class posteriors in 84\.6.* and 98\.6.* % and those of a plain VAE in 69\.6 "
        r"\[.*\] %\. At β = 1 their recall is 0\.003, 0\.003 and 0\.003\.",
        said,
    )


def test_with_many_settings_the_answer_still_is_short(answer):
    said = answer(results({0.1 * i: (0.8, 0.99)[i % 2] for i in range(1, 13)}, plain=0.9, step=0.002))
    assert "in 79.6 [" in said and "] to 98.6 [" in said and "(12 values of β)" in said


def test_without_spread_or_seeds_nothing_is_enough(module, answer):
    """That every training has 100 % is no interval; two trainings have none either."""
    for made in (results({1.0: 1.0}, step=0.0), results({1.0: 0.999}, seeds=2)):
        assert (
            module.findings(made, {}).figures[0].caption.count(" of the cvae without an interval at β = 1;")
            == 2
        )
    assert answer(results({1.0: 0.999}, seeds=2)).startswith("Not decided")


def test_evaluations_that_disagree_decide_nothing(module, answer):
    """The conditional model is better by 0.1 in every training under the mean of evaluations."""
    made = results({1.0: 0.8}, plain=0.7, step=0.002)
    assert answer(made).startswith("A conditional model: ")
    moved = made.metrics["family"] == "cvae"
    several = dataclasses.replace(made, metrics=disagreeing(made.metrics, "label_accuracy", moved, 0.1))
    assert answer(several).startswith("It depends: ")
    before, after = (module.asked(one.metrics).set_index(["family", "strategy"]) for one in (made, several))
    width = [table["label_accuracy_high"] - table["label_accuracy_low"] for table in (before, after)]
    assert (width[1]["cvae"] > 10 * width[0]["cvae"]).all()
    assert width[1]["vae"].tolist() == pytest.approx(width[0]["vae"].tolist())
    assert (after["seeds"] == SEEDS).all()
    found, plain = module.findings(several, {}), module.findings(made, {})
    assert f"same samples: means{OVER} with" in found.sections[0].text
    assert f"intervals{OVER}. “Any class”" in found.figures[0].caption
    assert OVER not in plain.sections[0].text + plain.figures[0].caption
    pd.testing.assert_frame_equal(
        found.sections[1].table, plain.sections[1].table
    )  # of the models themselves
