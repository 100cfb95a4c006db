"""The sentence beside the literature follows the numbers."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def module():
    return SimpleNamespace(**runpy.run_path(str(ROOT / "experiments" / "binarised_mnist.py")))


def results(bound: float, active: int) -> SimpleNamespace:
    run = {
        "run_id": "a",
        "epochs": 400,
        "steps": 240_000,
        "batch_size": 100,
        "hidden": "300×300",
        "latent_dim": 50,
    }
    values = {
        "elbo": bound - 3,
        "iwae_5000": bound,
        "posterior_gap": 3.0,
        "active_units": active,
        "hole_mass": 0.1,
    }
    rows = [
        {"run_id": "a", "seed": 0, "strategy": "model", "status": "ok", "metric": metric, "value": value}
        | {"stderr": 0.5, "n": 2000}
        for metric, value in values.items()
    ]
    return SimpleNamespace(runs=pd.DataFrame([run | {"train_seconds": 1500.0}]), metrics=pd.DataFrame(rows))


@pytest.mark.parametrize(
    ("bound", "active", "said"),
    [
        (
            -88.0,
            20,
            ("Yes: ", "88.00 [87.02, 88.98]", "inside", "20 of 50 units are active, as many as the 19 to 25"),
        ),
        (-93.0, 12, ("No: ", "outside", "12 of 50 units are active, unlike the 19 to 25")),
        (-85.0, 26, ("No: ", "outside", "unlike the 19 to 25")),
    ],
)
def test_the_answer_follows_band_and_units(module, bound, active, said):
    made = results(bound, active)
    tables = module.bounds(made, None)
    assert set(tables["binarised_mnist"]["metric"]) == {"elbo", "iwae_5000", "posterior_gap", "active_units"}
    found = module.findings(made, tables)
    assert found.answer.startswith(said[0])
    assert all(part in found.answer for part in said)
    beside = found.sections[0].table
    assert beside["source"].tolist()[0] == "here"
    assert beside["epochs"].tolist()[:2] == [400, 3280]
