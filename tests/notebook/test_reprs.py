"""What a notebook shows of every public object: a few facts in short, and the same as a table."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import study
from study.runtime.brief import Brief, Changes, fact, table
from study.scoring.encode import encode_splits
from study.strategies import REGISTRY
from tests.notebook.conftest import Made

LONGEST = 400  # characters
# Functions whose result has no repr of ours: None, plain data frames, tuples of numbers, files and programs.
ELSEWHERE = {
    "dimension_table", "experiment_main", "likelihood", "linear_optimum", "plot", "save_model", "save_strategy",
    "summarise", "windows", "binarised", "StudyError", "audit", "run",
}  # fmt: skip


@pytest.fixture(scope="module")
def objects(made: Made, smoke_run: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """An object for every public name."""
    data, model, codes, found = made
    lat = codes["train"]
    folder = tmp_path_factory.mktemp("saved")
    study.save_model(model, folder / "model.npz")
    study.save_strategy(folder / "fit.npz", found.fitted["posterior"])
    np.save(folder / "rows.npy", data.train)
    x = model.decode(found.fitted["prior"].sample(0, n=60))
    return {
        "AggregatePosterior": study.AggregatePosterior(lat),
        "AnnealingConfig": study.AnnealingConfig(),
        "Dataset": data,
        "Experiment": study.Experiment("mine", "Which?", {"smoke": study.StudyConfig()}),
        "Findings": study.Findings("The answer."),
        "Latents": lat,
        "Section": study.Section("A title", "A text.", pd.DataFrame(np.zeros((50, 9)))),
        "LikelihoodConfig": study.LikelihoodConfig(),
        "StudyConfig": study.StudyConfig(
            dataset="mnist", alphas=(1.0, 2.0), model=study.VAEConfig(latent_dim=3)
        ),
        "TrainConfig": study.TrainConfig(),
        "VAEConfig": study.VAEConfig(family="vampprior", hidden=(512, 512, 512)),
        "WindowsConfig": study.WindowsConfig(time="t", features=("a",), target="a", n_past=3, n_future=2),
        "compare": found,
        "encode": lat,
        "evaluate": study.evaluate(x, data),
        "load_dataset": data,
        "open_dataset": study.open_dataset(folder / "rows.npy"),
        "load_model": study.load_model(folder / "model.npz"),
        "load_results": study.load_results(smoke_run),
        "load_strategy": study.load_strategy(folder / "fit.npz"),
        "strategy": study.strategy("gmm"),
        "surgery": study.surgery(0, lat, held_out=codes["test"], draws=50),
        "train": model,
        "encode_splits": encode_splits(model, data),
        "architecture": model.architecture,
        "convergence": model.convergence,
    }


def test_no_public_name_is_forgotten(objects: dict[str, Any]) -> None:
    assert set(study.__all__) <= set(objects) | ELSEWHERE


def test_reprs_are_short(objects: dict[str, Any]) -> None:
    for name, value in objects.items():
        text = repr(value)
        assert len(text) < LONGEST, f"{name}: {len(text)}"
        assert text.count("\n") < 10 and "array(" not in text, name


def test_tables_of_a_notebook_are_short_too(objects: dict[str, Any]) -> None:
    shown = {name: value for name, value in objects.items() if hasattr(value, "_repr_html_")}
    assert {"Dataset", "Latents", "train", "load_strategy", "evaluate", "compare"} <= set(shown)
    for name, value in shown.items():
        text = value._repr_html_()
        assert text.count("<table") == text.count("</table>") == 1 and len(text) < 6000, name


def test_facts_are_right(made: Made, objects: dict[str, Any]) -> None:
    assert repr(made.data).startswith("Dataset(name='digits', kind=image, shape=[8, 8], train=998,")
    assert repr(made.codes["train"]).startswith("Latents(n=998, d=4, classes=10, ")
    size = 64 * 64 + 64 + 2 * (64 * 4 + 4) + 4 * 64 + 64 + 64 * 64 + 64
    assert f"alpha=10, beta=1, seed=0, parameters={size}," in repr(made.model)
    assert repr(made.found.fitted["posterior"]).startswith(
        "FittedCodesDensity(strategy='posterior', codes=998, "
    )
    config = objects["StudyConfig"]
    assert repr(config) == "StudyConfig(dataset='mnist', model=VAEConfig(latent_dim=3), alphas=(1.0, 2.0))"
    assert repr(study.VAEConfig()) == "VAEConfig()"


def test_strategies_say_their_settings() -> None:
    assert all(len(repr(study.strategy(name))) < LONGEST for name in REGISTRY)


def test_scores_are_a_data_frame_like_any_other(objects: dict[str, Any]) -> None:
    rows = objects["evaluate"]
    assert isinstance(rows, pd.DataFrame) and list(rows)[:3] == ["metric", "value", "stderr"]
    assert (
        type(rows[rows["metric"] == "kid"]) is pd.DataFrame and type(rows.set_index("metric")) is pd.DataFrame
    )
    assert len(rows.to_string()) > LONGEST


@dataclasses.dataclass(frozen=True, repr=False)
class Thing(Brief):
    words: str
    numbers: Any


def test_text_is_escaped_and_cut() -> None:
    thing = Thing("<b>" + 500 * "x", {"a": [np.zeros((2, 3)), np.zeros(4)]})
    assert "numbers=10 numbers" in repr(thing) and len(repr(thing)) < LONGEST
    assert "<b>x" not in thing._repr_html_() and "&lt;b&gt;x" in thing._repr_html_()
    assert "&lt;i&gt;" in table("<i>", {})
    assert (fact(1 / 3), fact(np.zeros((2, 3))), fact(True)) == ("0.3333", "[2, 3]", "True")
    assert not dataclasses.is_dataclass(Changes)
