"""What is said of similar inputs and their codes, on made-up tables."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.report.kit import UNDECIDED
from tests.experiments.conftest import results_of, short


def made(same, distances, *, seeds=5, labels=True):
    """Two numbers of latents; neighbours of the same class and distances as given, 10 % by chance."""
    cells: list[dict[str, Any]] = [
        {"latent_dim": d, "beta": 0.1, "scores": {}, "family_settings": f"latent_dim={d}"} for d in (1, 2)
    ]
    found = results_of(cells, seeds=seeds)
    rows = []
    for run in found.runs.to_dict("records"):
        luck = 0.01 * (run["seed"] - 2)
        known = same + 0.2 * (run["latent_dim"] - 1) + luck if labels else np.nan
        rows.append(
            {"run_id": run["run_id"], "same class": known, "chance": 0.1, "distances": distances - luck}
        )
    return found, {"similar": pd.DataFrame(rows)}


@pytest.mark.parametrize(
    ("same", "distances", "start"),
    [
        (
            0.4,
            0.3,
            "Yes: by class and by distance, similar inputs get more similar codes than by chance, at 2 of 2 settings. ",
        ),
        (
            0.4,
            0.0,
            "Not shown: by class and by distance, similar inputs get more similar codes than by chance, at 0 of 2 "
            "settings. ",
        ),
        (
            0.1,
            0.3,
            "Not everywhere: by class and by distance, similar inputs get more similar codes than by chance, at 1 of 2",
        ),
    ],
)
def test_both_measures_must_be_above_chance(module, same, distances, start):
    said = short(module.findings(*made(same, distances)))
    assert said.startswith(start)
    assert f"share the class in {100 * same:.0f}" in said and "(chance 10 %, β = 0.1)" in said


def test_without_labels_distances_alone_are_told(module):
    said = short(module.findings(*made(0.4, 0.3, labels=False)))
    assert said == "Yes: distances go together, at 2 of 2 settings."


def test_too_few_seeds_decide_nothing(module):
    assert short(module.findings(*made(0.4, 0.3, seeds=2))) == UNDECIDED


def test_codes_are_compared_with_labels_and_pixels(module):
    """A code that is the class itself, and one that has nothing to do with it."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 900)
    x = (labels[:, None] + 0.01 * rng.normal(0, 1, (900, 3))).astype(np.float32)
    data = SimpleNamespace(train=x[:600], test=x[600:], train_labels=labels[:600], test_labels=labels[600:])
    own = module._similar(SimpleNamespace(encode=lambda x: (x[:, :1], None)), data)
    assert (
        own["same class"] == 1 and own["distances"] > 0.8 and own["chance"] == pytest.approx(0.25, abs=0.02)
    )
    wild = SimpleNamespace(encode=lambda x: (rng.normal(0, 1, (len(x), 1)), None))
    other = module._similar(wild, data)
    assert abs(other["same class"] - 0.25) < 5 * 0.5 / np.sqrt(300 * module.NEAREST) + 0.02
    assert abs(other["distances"]) < 5 / np.sqrt(300)
