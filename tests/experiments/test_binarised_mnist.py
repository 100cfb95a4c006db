"""The answer of `binarised_mnist` agrees with the numbers."""

import dataclasses
import runpy
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def module():
    return SimpleNamespace(**runpy.run_path(str(ROOT / "experiments" / "binarised_mnist.py")))


def results(bound: float, active: int, *, begun: str = "zero", run_id: str = "a") -> SimpleNamespace:
    run = {
        "run_id": run_id,
        "epochs": 400,
        "steps": 240_000,
        "batch_size": 100,
        "hidden": "300×300",
        "activation": "relu",
        "output_bias": begun,
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
        {"run_id": run_id, "strategy": "model", "status": "ok", "metric": metric, "value": value}
        | {"stderr": 0.5, "n": 2000}
        for metric, value in values.items()
    ]
    return SimpleNamespace(runs=pd.DataFrame([run]), metrics=pd.DataFrame(rows))


@pytest.mark.parametrize(
    ("bound", "active", "said"),
    [
        (
            -88.0,
            20,
            (
                "Yes: with 5000 importance samples on 2000 held-out images −log p(x) is at most 88.00 [87.02, 88.98] "
                "nats with 300×300 relu units initialised at zero after 400 epochs, inside the range and 3 nats below "
                "the ELBO's bound, 20 of 50 latents active, as many as the 19 to 25 of the literature.",
            ),
        ),
        (-93.0, 12, ("No: ", "outside", "12 of 50 latents active, fewer than the 19 to 25")),
        (-85.0, 26, ("No: ", "outside", "more than the 19 to 25")),
        (
            -86.5,
            20,
            ("Not decided: ", "across an end of the range", "how much trainings differ is not known"),
        ),
        (-92.5, 20, ("Not decided: ", "across an end of the range")),
    ],
)
def test_the_answer_follows_band_and_units(module, bound, active, said):
    made = results(bound, active)
    tables = module.bounds(made, None)
    assert set(tables["binarised_mnist"]["metric"]) == {"elbo", "iwae_5000", "posterior_gap", "active_units"}
    found = module.findings(made, tables)
    assert found.answer.startswith(said[0])
    assert all(part in found.answer for part in said)
    assert sum(place in found.answer for place in ("inside the", "outside the", "across an")) == 1
    beside = found.sections[0].table
    assert beside["source"].tolist()[0] == "here, initialised at zero, batches of 100"
    assert beside["epochs"].tolist()[:2] == [400, 3280]


@pytest.mark.parametrize(
    ("second", "verdict"), [(-87.0, "Yes: "), (-85.0, "In part: "), (-86.5, "In part: ")]
)
def test_every_training_has_a_row_and_a_clause_of_its_own(module, second, verdict):
    parts = [results(-88.0, 17), results(second, 21, begun="data", run_id="b")]
    both = SimpleNamespace(
        **{name: pd.concat([getattr(p, name) for p in parts]) for name in ("runs", "metrics")}
    )
    found = module.findings(both, module.bounds(both, None))
    assert found.answer.startswith(verdict)
    assert "17 of 50 latents active, fewer than the 19 to 25 of the literature; " in found.answer
    assert "initialised at the mean of the data after 400 epochs" in found.answer
    assert found.sections[0].table["source"].str.startswith("here").sum() == 2
    assert found.sections[1].table["training"].nunique() == 2
    assert "240000 steps of 100 images" in found.sections[0].text


def test_the_trainings_differ_in_network_and_batches_alone(module):
    """And all of them are scored alike."""
    for plain, begun, burda in module.EXPERIMENT.profiles.values():
        assert (begun.model.output_bias, begun.model.activation) == ("data", "relu")
        assert dataclasses.replace(begun, model=plain.model, training=plain.training) == plain
        assert dataclasses.replace(begun, model=burda.model, training=burda.training) == burda
        assert (burda.model.hidden, burda.model.activation, burda.training.batch_size) == (
            (200, 200),
            "tanh",
            20,
        )
        examples = [grid.training.steps * grid.training.batch_size for grid in (plain, begun, burda)]
        assert examples[1] == 2 * examples[0] == 2 * examples[2]
