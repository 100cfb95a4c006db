"""Settings without a decoder are left out of an experiment's comparisons, and named."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from study.report import kit
from tests.experiments.conftest import around, results_of


def cell(beta: float, reconstruction: float, **more: str) -> Mapping[str, Any]:
    scores = {"prior": around(3.0), "posterior": around(2.0, 0.004), "held-out": around(0.1)}
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


def test_a_metric_has_no_verdict_where_it_prefers_noise_to_reconstructions() -> None:
    """Of two metrics that a strategy is better by, one scores noise above reconstructions at one of two settings."""

    def at(beta: float, noise: float) -> Mapping[str, Any]:
        more = {
            "prior": around(0.5),
            "posterior": around(0.7, 0.004),
            "reconstruction": around(0.8),
            "held-out": 0.9,
        }
        precision = {(name, "precision"): value for name, value in (more | {"noise": noise}).items()}
        one = cell(beta, GOOD)
        return {**one, "scores": one["scores"] | precision}

    results = results_of([at(0.1, 0.0), at(1.0, 0.99)])
    found = kit.compared(
        results.metrics, ["kid", "precision"], [({}, "posterior", "prior")], columns=["strategy"]
    )
    assert set(found["verdict"]) == {"better"}
    told = kit.silenced(found, results.metrics, places=["beta"]).set_index(["metric", "beta"])["verdict"]
    assert told.to_dict() == {
        ("kid", 0.1): "better", ("kid", 1.0): "better", ("precision", 0.1): "better", ("precision", 1.0): kit.MUTE
    }  # fmt: skip
    assert kit.silenced(found[:0], results.metrics, places=["beta"]).empty
