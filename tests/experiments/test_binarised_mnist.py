"""The answer of `binarised_mnist` agrees with the numbers."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from study.report.plots.losses import losses
from study.tables.results import Results


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


def several(*bounds: float, active: int = 20) -> SimpleNamespace:
    parts = [results(bound, active, run_id=str(i)) for i, bound in enumerate(bounds)]
    return SimpleNamespace(
        **{name: pd.concat([getattr(p, name) for p in parts]) for name in ("runs", "metrics")}
    )


@pytest.mark.parametrize(
    ("bound", "start"),
    [
        (-87.0, "Yes: the literature's VAEs have 86.76 to 88.75 nats, and −log p(x) is at most 87.00 [86.02, 87.98] "
         "(300×300 relu: reached)."),
        (-93.0, "No: the literature's VAEs have 86.76 to 88.75 nats, and −log p(x) is at most 93.00 [92.02, 93.98] "
         "(300×300 relu: not reached)."),
        (-85.0, "Yes: "),
        (-88.0, "Not decided: the literature's VAEs have 86.76 to 88.75 nats, and −log p(x) is at most 88.00 [87.02, "
         "88.98] (300×300 relu: not decided)."),
    ],
)  # fmt: skip
def test_the_verdict_follows_the_whole_interval(answer, bound, start):
    said = answer(results(bound, 20))
    assert said.startswith(start) and said.endswith(
        " Intervals are over 2000 held-out images, not over trainings."
    )


def test_a_run_without_active_latents_is_said_to_have_died(answer):
    assert "204.90 [203.92, 205.88] (300×300 relu: not reached; no active latents: it died" in answer(
        results(-204.9, 0)
    )


@pytest.mark.parametrize(
    ("active", "said"),
    [
        (20, "20 of 50: 1 run as many as the 19"),
        (12, "12 of 50: 1 run fewer than"),
        (26, "26 of 50: 1 run more than"),
    ],
)
def test_active_units_are_compared_with_those_of_the_literature(module, active, said):
    (own, *_) = module.findings(results(-88.0, active), {}).figures
    assert f"Active latents are {said}" in own.caption
    assert sum(words in own.caption for words in ("as many as", "fewer than", "more than")) == 1


@pytest.mark.parametrize(
    ("bounds", "verdict"),
    [((-87.5, -87.0), "Yes: "), ((-88.0, -85.0), "In part: "), ((-95.0, -87.0), "In part: "), ((-95.0, -91.0), "No: "),
     ((-95.0, -88.0), "Not decided: "), (tuple(-87.0 - 0.01 * i for i in range(9)), "Yes: ")],
)  # fmt: skip
def test_every_training_counts(module, answer, bounds, verdict):
    made = several(*bounds)
    assert answer(made).startswith(verdict)
    beside, every = (section.table for section in module.findings(made, {}).sections)
    assert beside["source"].str.startswith("here, bias at zero, batches of 100").sum() == len(bounds)
    assert beside["epochs"].tolist()[len(bounds)] == 3280
    ours = [float(text.split()[0]) for text in beside["NLL, nats"][: len(bounds)]]
    assert ours == sorted(ours)
    assert (-every.loc[every["metric"] == "iwae_5000", "value"]).is_monotonic_increasing
    assert set(every["metric"]) == {"elbo", "iwae_5000", "posterior_gap", "active_units"}


def test_without_a_finished_run_nothing_was_measured(answer):
    made = results(-88.0, 20)
    made.metrics = made.metrics.assign(status="failed")
    assert answer(made) == "Nothing was measured: no training run finished."


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


def test_no_learning_curve_mixes_networks_or_runs_past_an_end():
    """Two networks, of one of which the second run ends early with another loss: three lines would be two means."""
    kinds = {"a": ("relu", 3, 1.0), "b": ("tanh", 3, 5.0), "c": ("tanh", 2, 9.0)}
    runs = [
        {"run_id": name, "alpha": 1.0, "beta": 1.0, "activation": kind} for name, (kind, *_) in kinds.items()
    ]
    rows = [
        {"run_id": name, "epoch": epoch, "split": "validation", "recon": loss, "rate": loss}
        for name, (_, ends, loss) in kinds.items()
        for epoch in range(1, ends + 1)
    ]
    none = pd.DataFrame()
    figure = losses(Results(pd.DataFrame(runs), none, none, pd.DataFrame(rows), none, {}, {}), none)
    assert figure is not None
    drawn = figure.axes[0].get_lines()
    lines = [
        tuple(np.asarray(ends).tolist() for ends in (line.get_xdata(), line.get_ydata())) for line in drawn
    ]
    assert lines == [([1, 2, 3], [1.0, 1.0, 1.0]), ([1, 2], [7.0, 7.0])]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:2] == ["β=1, relu", "β=1, tanh"]
