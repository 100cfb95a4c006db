"""Settings without a decoder are left out of an experiment's comparisons, and named."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from study.report import kit
from tests.experiments.conftest import around, results_of


def cell(beta: float, reconstruction: float, **more: str) -> Mapping[str, Any]:
    scores = {"prior": around(3.0), "posterior": around(2.0), "held-out": around(0.1)}
    return {"beta": beta, "scores": scores | {"reconstruction": around(reconstruction), "noise": 6.0}, **more}


GOOD, BAD = 1.0, 7.0  # a KID of reconstructions below, and above, that of noise


@pytest.mark.parametrize(
    ("cells", "kept", "said"),
    [
        ([cell(0.1, GOOD), cell(1.0, GOOD)], {0.1, 1.0}, ""),
        (
            [cell(0.1, GOOD), cell(1.0, BAD)],
            {0.1},
            " Left out: β = 1, where reconstructions are no better than noise.",
        ),
        ([cell(0.1, BAD), cell(1.0, BAD)], {0.1, 1.0}, ""),  # nothing would be left
        (
            [cell(1.0, GOOD), cell(1.0, BAD, family="iwae"), cell(0.1, GOOD, family="iwae")],
            {0.1, 1.0},
            " Left out of `iwae`: β = 1, where reconstructions are no better than noise.",
        ),
    ],
)
def test_settings_without_a_decoder_are_left_out(
    cells: Sequence[Mapping[str, Any]], kept: set[float], said: str
) -> None:
    results = results_of([{**one, "model": {"rate": 2.0}} for one in cells])
    found, text = kit.with_decoder(results, "kid")
    scored = found.metrics[found.metrics["strategy"] != "model"]
    assert set(scored["beta"]) == kept and text == said
    assert (found.metrics["strategy"] == "model").sum() == len(results.runs)  # what models are is kept
    assert found.runs is results.runs
