"""The GAN against the VAE on hand-made tables: pairs, verdicts, the answer, and the pictures."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from study.tables.results import Results
from tests.experiments.conftest import OVER, disagreeing

SEEDS = 5
METRICS = {"kid": "lower", "precision": "higher", "recall": "higher"}


def results(gan: float, vae: dict[float, dict[str, float]], *, seeds: int = SEEDS) -> Results:
    """KID of the GAN and, by β, of each way to sample the VAE; a seed adds the same effect to both."""
    runs, metrics = [], []
    models = [("gan", 1.0, {"prior": gan}), *(("vae", beta, values) for beta, values in vae.items())]
    for family, beta, values in models:
        for seed in range(seeds):
            run = {"run_id": f"{family}{beta}{seed}", "family": family, "beta": beta, "seed": seed}
            run |= {
                "alpha": 1.0,
                "noise_variance": np.nan,
                "reference": "test",
                "n": 100,
                "stderr": 0.001,
                "fit": 0,
                "draw": 0,
            }
            runs.append({**run, "steps": 100, "train_seconds": 60.0 + seed})
            shared = {"strategy": "prior", "metric": "seconds_per_1000", "better": "lower", "value": 0.02}
            metrics.append({**run, "status": "ok", **shared})
            jitter = 0.5 * seed + (0.001 * seed**2 if family == "gan" else 0.0)
            for (metric, better), (name, value) in ((m, v) for m in METRICS.items() for v in values.items()):
                own = (
                    value + jitter
                    if metric == "kid"
                    else 0.8 + 0.002 * (seed - 2)
                    if family == "gan"
                    else 0.6
                )
                row = {"strategy": name, "metric": metric, "better": better, "value": own, "status": "ok"}
                metrics.append({**run, **row})
    pictures = {f"gan1.0{0}/prior": 10, **{f"vae{beta}0/{name}": 20 for beta, v in vae.items() for name in v}}
    pictures |= {f"vae{beta}0/held-out": 30 for beta in vae}
    samples = {name: np.full((10, 8, 8), shade, np.uint8) for name, shade in pictures.items()}
    none = pd.DataFrame()
    return Results(pd.DataFrame(runs), pd.DataFrame(metrics), none, none, none, samples, {})


def test_differences_are_paired_by_seed(module):
    """The shared effect of a seed cancels: a difference of 1 is significant although seeds spread by 2."""
    table = module.against(results(1.0, {0.5: {"prior": 2.0, "posterior": 1.0}}).metrics)
    kid = table[table["metric"] == "kid"].set_index("against")
    assert kid["difference"].to_dict() == pytest.approx({"prior": -0.994, "posterior": 0.006})
    assert (kid["high"] - kid["low"] < 0.1).all()
    assert kid["verdict"].to_dict() == {"prior": "better", "posterior": "not decided"}
    assert set(table.loc[table["metric"] == "precision", "verdict"]) == {"better"}
    assert (table["seeds"] == SEEDS).all()


@pytest.mark.parametrize(
    ("prior", "start"),
    [
        ({0.5: 2.0, 1.0: 3.0}, "No: by KID samples of the GAN are, against the VAE's prior, better at β = 0.5 and 1 "
         "(by 0.99 [0.99, 1.00] to 1.99 ["),
        ({0.5: 2.0, 1.0: 1.006}, "Not everywhere: by KID samples of the GAN are, against the VAE's prior, better at "
         "β = 0.5 (by 0.99"),
        ({0.5: 0.2, 1.0: 3.0}, "No: by KID samples of the GAN are, against the VAE's prior, better at β = 1 (by 1.99"),
        ({0.5: 1.006, 1.0: 1.006}, "Not decided: by KID samples of the GAN are, against the VAE's prior, not decided "
         "at β = 0.5 and 1."),
    ],
)  # fmt: skip
def test_the_verdict_follows_the_contrasts_with_the_prior(answer, prior, start):
    said = answer(results(1.0, {beta: {"prior": value} for beta, value in prior.items()}))
    assert said.startswith(start)
    assert not re.search("alike|akin|Yes|same as|posteriors", said)


def test_the_answer_says_which_metrics_disagree(answer):
    said = answer(
        results(1.0, {0.5: {"prior": 2.0, "posterior": 0.5}, 4.0: {"prior": 3.0, "posterior": 1.006}})
    )
    assert re.search(r"better at β = 0\.5 and 4 \(by 0\.99\d? \[.*\] to 1\.99\d? \[.*\]\)\. Against", said)
    assert said.endswith(
        " Against `posterior` the GAN is at every β better in precision and recall; in KID that depends on β."
    )
    agreed = answer(results(1.0, {0.5: {"prior": 2.0, "posterior": 0.5}}))
    assert agreed.endswith("the GAN is at every β better in precision and recall and worse in KID.")


def test_more_authenticity_than_real_data_have_is_no_better(module):
    """GAN at 0.9 and priors at 0.8 are both above real data at 0.7; posteriors at 0.1, which copy, are below."""
    made = results(1.0, {0.5: {"prior": 2.0, "posterior": 0.5}})
    rows = made.metrics[made.metrics["metric"] == "recall"].assign(metric="authenticity")
    level = rows["strategy"].map({"prior": 0.8, "posterior": 0.1}).mask(rows["family"] == "gan", 0.9)
    rows = rows.assign(value=level + 0.001 * rows["seed"] * (rows["family"] == "gan"))
    real = rows[rows["family"] == "vae"].assign(strategy="held-out", value=0.7)
    found = module.against(pd.concat([made.metrics, rows, real]))
    own = found[found["metric"] == "authenticity"].set_index("against")["verdict"]
    assert own.to_dict() == {"prior": module.BEYOND, "posterior": "better"}
    assert "better" in set(found.loc[found["metric"] == "recall", "verdict"])


def test_with_many_settings_the_answer_still_is_short(answer):
    values = {
        0.1 * i: {"prior": (0.2, 1.006, 3.0)[i % 3], "posterior": (3.0, 0.2, 1.006)[i % 3]}
        for i in range(1, 16)
    }
    said = answer(results(1.0, values))
    assert re.search(
        r"better at 5 of 15 settings \(by 1\.99 \[[^\]]*\]\), worse at 5 of 15 settings \(by ", said
    )
    assert said.endswith(" and not decided at 5 of 15 settings.")


def test_what_is_not_decided_says_what_would_have_been_seen(module):
    found = module.findings(results(1.0, {0.5: {"prior": 1.006, "posterior": 2.0}}), {})
    caption = found.figures[0].caption
    assert re.search(
        r"against `prior` the GAN is not decided at β = 0\.5 \(only differences above 0\.0\d+ would probably",
        caption,
    )
    assert (
        "against `posterior` the GAN is better at β = 0.5." in caption
        and "By KID, against `prior`" in caption
    )


def test_the_sections_say_by_how_much_and_what_it_costs_elsewhere(module):
    made = results(1.0, {0.5: {"prior": 2.0, "posterior": 0.5}, 4.0: {"prior": 3.0, "posterior": 1.006}})
    found = module.findings(made, {})
    for part in (
        "The VAE's `prior` has its best mean KID at β = 0.5. The GAN against it: KID 2.01 against 3 (better); "
        "precision 0.8 against 0.6 (better); recall 0.8 against 0.6 (better). The VAE's",
        "The VAE's `posterior` has its best mean KID at β = 0.5. The GAN against it: KID 2.01 against 1.5 (worse);",
    ):
        assert part in found.sections[0].text
    titles = [section.title for section in found.sections]
    assert titles == ["The GAN against the VAE", "Samples of both", "Cost"]
    costs = found.sections[2].table
    assert costs["family"].tolist() == ["gan", "vae"] and "R₁" in found.sections[0].text
    assert costs["seconds of training"].tolist() == ["62", "62"]  # a mean: its spread is that of scheduling
    labels = [label.get_text() for label in found.sections[1].figure.axes[0].get_yticklabels()]
    priors, posteriors = ([f"{name}, β = {beta}" for beta in ("0.5", "4")] for name in ("prior", "posterior"))
    assert labels == ["GAN", *priors, *posteriors, "held-out"]


def test_a_metric_without_spread_has_no_interval(module):
    made = results(1.0, {0.5: {"prior": 2.0}})
    made.metrics.loc[made.metrics["metric"] == "precision", "value"] = 0.5
    text = module.findings(made, {}).sections[0].text
    assert "precision 0.5 against 0.5 (no interval)" in text and text.count("no interval") == 1


def test_too_few_seeds_or_no_gan_decide_nothing(module, answer):
    assert answer(results(1.0, {0.5: {"prior": 2.0}}, seeds=2)).startswith("Not decided")
    alone = results(1.0, {0.5: {"prior": 2.0}})
    alone = dataclasses.replace(
        alone,
        metrics=alone.metrics[alone.metrics["family"] != "gan"],
        samples={name: x for name, x in alone.samples.items() if not name.startswith("gan")},
    )
    assert answer(alone) == "Nothing was compared: no GAN beside a VAE was trained and scored."
    assert [section.title for section in module.findings(alone, {}).sections] == ["Cost"]


def test_evaluations_that_disagree_decide_nothing(module, answer):
    """The GAN is better by 0.99 in every training under the mean of evaluations."""
    made = results(1.0, {0.5: {"prior": 2.0, "posterior": 0.5}})
    assert OVER not in made_texts(module, made) and "better at β = 0.5" in answer(made)
    metrics = disagreeing(made.metrics, "kid", made.metrics["family"] == "gan", 3.0)
    several = dataclasses.replace(made, metrics=metrics)
    table = module.against(metrics).set_index(["metric", "against"])
    assert table.loc[("kid", "prior"), ["verdict", "seeds"]].tolist() == ["not decided", SEEDS]
    assert table.loc[("precision", "prior"), "verdict"] == "better"  # it has one evaluation
    assert answer(several).startswith(
        "Not decided: by KID samples of the GAN are, against the VAE's prior, not decided"
    )
    text = made_texts(module, several)
    assert f"means{OVER} (of precision and recall over trainings alone), and their difference" in text
    assert f"95 % intervals{OVER} (of precision and recall over trainings alone), paired by seed" in text
    costs = module.costs(several)
    assert (costs["trainings"] == SEEDS).all()


def made_texts(module, made):
    found = module.findings(made, {})
    return found.sections[0].text + found.figures[0].caption
