"""What every experiment's own part of a report must keep to, whatever the tables say."""

import itertools
import re
import runpy
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.report.findings import Exhibit, Findings
from study.tables.results import Results

OVER = " over trainings, feature extractors and halves of test"
ROOT = Path(__file__).parents[2]
GENERAL = {"effects", "gains", "ladder", "mismatch", "samples", "dimensions", "novelty"}


def short(found: Findings) -> str:
    """The answer, after a look at its length and at the figures of the first page."""
    answer = found.answer
    assert len(answer.split()) < 60, answer
    assert len(re.findall(r"[.!?](?= [A-Z0-9]|$)", answer)) <= 2, answer
    assert answer[-1] == "." and not re.search(r"\bties?\b|no difference|as good as|nan|  ", answer)
    assert len(found.figures) <= 3
    own = [figure for figure in found.figures if isinstance(figure, Exhibit)]
    assert len(own) <= 1 and {figure for figure in found.figures if isinstance(figure, str)} <= GENERAL
    assert all(one.caption.endswith(".") and one.figure.axes for one in own)
    return answer


def disagreeing(metrics: pd.DataFrame, metric: str, moved: pd.Series, by: float) -> pd.DataFrame:
    """One metric under four evaluations that shift the moved rows by up to ± 1.5 `by`; the mean over them stays.

    All else has one evaluation.
    """
    scored = metrics["metric"] == metric
    parts = [metrics[~scored].assign(evaluation=0)]
    for i, shift in enumerate(by * np.array([-1.5, -0.5, 0.5, 1.5])):
        value = metrics["value"] + shift * moved
        parts.append(metrics.assign(value=value, evaluation=i)[scored])
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def module(request: pytest.FixtureRequest) -> SimpleNamespace:
    """The experiment that a file of tests is named after."""
    name = Path(str(request.path)).stem.removeprefix("test_")
    return SimpleNamespace(**runpy.run_path(str(ROOT / "experiments" / f"{name}.py")))


@pytest.fixture(scope="module")
def answer(module: SimpleNamespace) -> Callable:
    """The checked answer of an experiment to made-up results."""
    return lambda results, tables=None: short(module.findings(results, tables or {}))


PLAIN: dict[str, Any] = {
    "family": "vae", "family_settings": "", "decode": "mean", "alpha": 1.0, "beta": 1.0, "dataset": "digits",
    "n_train": 1000, "latent_dim": 8, "network": "mlp",
}  # fmt: skip
BETTER = {
    "precision": "higher",
    "coverage": "higher",
    "recall": "higher",
    "authenticity": "higher",
    "sharpness": "one",
}
SCORES = {"held-out": 0.0, "copycat": 0.01, "reconstruction": 0.1, "noise": 9.0}  # KID of rows of reference


def results_of(
    cells: Iterable[Mapping[str, Any]],
    *,
    seeds: int = 5,
    latents: Callable[[Mapping[str, Any], int], list] | None = None,
) -> Results:
    """Made-up results, a training of every cell per seed.

    Args:
        cells: columns of `runs`; and `scores`, KID by strategy, or by (strategy, metric), and `model`, measurements of
            the model, each a number or a function of the seed.
        seeds: how many.
        latents: the rows of `latents` of a cell and seed.
    """
    runs: list[dict[str, Any]] = []
    rows, dimensions = [], []
    for cell, seed in itertools.product(cells, range(seeds)):
        known = PLAIN | {name: value for name, value in cell.items() if name not in ("scores", "model")}
        known |= {"noise_variance": known["beta"] / (2 * known["alpha"]), "seed": seed}
        run = f"{len(runs)}"
        runs.append({**known, "run_id": run})
        values = {("model", name): value for name, value in cell.get("model", {}).items()}
        scores = {**SCORES, **cell["scores"]}
        values |= {(k if isinstance(k, tuple) else (k, "kid")): v for k, v in scores.items()}
        for (strategy, metric), value in values.items():
            number = value(seed) if callable(value) else value
            better = "none" if strategy == "model" else BETTER.get(metric, "lower")
            rows.append(
                {**runs[-1], "strategy": strategy, "metric": metric, "value": number, "better": better}
            )
        dimensions += [{**runs[-1], **row} for row in (latents(known, seed) if latents else [])]
    shared: dict[str, Any] = {"status": "ok", "fit": 0, "draw": 0, "stderr": 0.001, "reference": "", "n": 100}
    none = pd.DataFrame()
    provenance = {"dataset": {"shape": [8, 8], "name": "digits"}}
    return Results(
        pd.DataFrame(runs),
        pd.DataFrame(rows).assign(**shared),
        pd.DataFrame(dimensions),
        none,
        none,
        {},
        provenance,
    )


def around(value: float, by: float = 0.01) -> Callable[[int], float]:
    """A value that differs between seeds by a little, so that its mean has an interval."""
    return lambda seed: value + by * (seed - 2)
