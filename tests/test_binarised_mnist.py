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


def results(bound: float, active: int, *, warmup: float = 0.0, run_id: str = "a") -> SimpleNamespace:
    run = {
        "run_id": run_id,
        "kl_warmup": warmup,
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
        {"run_id": run_id, "seed": 0, "strategy": "model", "status": "ok", "metric": metric, "value": value}
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
        (-93.0, 12, ("No: ", "outside", "12 of 50 units are active, fewer than the 19 to 25")),
        (-85.0, 26, ("No: ", "outside", "more than the 19 to 25")),
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


def test_a_second_training_has_a_row_and_a_sentence_of_its_own(module):
    parts = [results(-88.0, 17), results(-87.0, 21, warmup=0.2, run_id="b")]
    both = SimpleNamespace(
        **{name: pd.concat([getattr(p, name) for p in parts]) for name in ("runs", "metrics")}
    )
    found = module.findings(both, module.bounds(both, None))
    assert found.answer.startswith("Yes: −log p(x) is at most 88.00")
    assert "17 of 50 units are active, fewer than the 19 to 25" in found.answer
    assert (
        "With β rising over the first 20 % of steps it is at most 87.00 [86.02, 87.98] nats, and 21 of 50 units"
    ) in found.answer
    sources = found.sections[0].table["source"].tolist()
    assert sources[:2] == ["here", "here, β rising over the first 20 % of steps"]
