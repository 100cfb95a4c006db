"""What every experiment's own part of a report must keep to, whatever the tables say."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from study.report.findings import Exhibit, Findings

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
    assert len(own) <= 2 and {figure for figure in found.figures if isinstance(figure, str)} <= GENERAL
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
