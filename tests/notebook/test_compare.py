"""Comparing strategies in Python: rows, verdicts, a model or its codes, and what is said about wrong arguments."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import study
from study.audit.answer import summary_of
from study.errors import StudyError
from study.tables import schemas
from tests.notebook.conftest import STRATEGIES, Made

pytestmark = pytest.mark.integration


def test_the_rows_are_those_of_the_table_metrics(made: Made) -> None:
    rows = made.found.rows
    assert list(rows) == list(schemas.METRICS)
    pd.testing.assert_frame_equal(schemas.conform(rows, "metrics"), rows)
    own = rows[rows["strategy"].isin(STRATEGIES) & rows["metric"].eq("kid")]
    assert own.groupby("strategy").size().to_dict() == dict.fromkeys(STRATEGIES, 3 * 2)  # fits × evaluations
    assert {"reconstruction", "held-out", "copycat", "noise", "model"} <= set(rows["strategy"])


def test_the_effect_is_the_share_of_the_gap(made: Made) -> None:
    """A ratio of means over fits, computed here from the rows alone; and the verdicts are those of an audit."""
    found = made.found
    kid = found.rows[found.rows["metric"] == "kid"].groupby("strategy")["value"].mean()
    floor = found.rows[(found.rows["metric"] == "kid") & (found.rows["strategy"] == "held-out")][
        "value"
    ].mean()
    told = found.verdicts[found.verdicts["metric"] == "kid"].set_index("strategy")
    for name in ("posterior", "gaussian-full"):
        share = (kid["prior"] - kid[name]) / (kid["prior"] - floor)
        assert told.loc[name, "effect"] == pytest.approx(share, rel=0.02, abs=0.01)
    again = summary_of(found.rows.assign(family="", family_settings="", decode="mean"))
    pd.testing.assert_series_equal(found.verdicts["verdict"], again["verdict"], check_index=False)
    assert set(told["verdict"]) <= {"better", "worse", "equivalent", "not decided", "baseline", "none"}
    assert told.loc["prior", "verdict"] == "baseline"


def test_it_is_told_in_a_few_lines(made: Made) -> None:
    text = repr(made.found)
    assert len(text) < 400 and all(name in text for name in STRATEGIES)
    assert list(made.found.ranked["effect"].dropna()) == sorted(
        made.found.ranked["effect"].dropna(), reverse=True
    )
    assert made.found._repr_html_().count("<tr>") == 1 + len(STRATEGIES)
    assert made.found.fitted["posterior"].sample(0, n=3).shape == (3, 4)


def test_codes_and_a_decoder_are_as_good_as_the_model(made: Made) -> None:
    """Strategies see the same codes; only metrics of ranks may change with the last bits."""
    again = study.compare(
        made.codes, made.data, decode=made.model.decode, strategies=STRATEGIES, evaluations=2
    )
    key = ["strategy", "fit", "draw", "evaluation", "metric"]
    both = made.found.rows.merge(again.rows, on=key, suffixes=("", "_codes"))
    assert len(both) == len(again.rows)
    smooth = both[both["metric"].isin(["kid", "fd", "sharpness"])]
    assert len(smooth) > 30
    np.testing.assert_allclose(smooth["value_codes"], smooth["value"], rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"data": "digits"}, "compare: data must be study.load_dataset(...), got 'digits'"),
        (
            {"model": 3},
            "compare: give a model that study.train or study.load_model made, got 3; for functions",
        ),
        ({"model": "train"}, "compare: give codes of every part of the data"),
        (
            {"model": {"train": None}},
            "compare: codes must be Latents by the names train, validation, test, got train",
        ),
        ({"model": "codes"}, "compare: codes need decode=..., a function"),
        ({"model": "short"}, "compare: codes of test are [598, 4], but it has 599 examples"),
        ({"decode": len}, "compare: decode goes with codes; leave it out"),
        ({"strategies": "gmm"}, "compare: strategies must be a list of names, got 'gmm'"),
        ({"strategies": ["gmm"]}, "strategies: the prior is missing"),
        ({"strategies": ["prior", "best"]}, "no strategy 'best'; known: prior"),
        ({"strategies": ["prior", "prior"]}, "strategies: 'prior' is given twice"),
        ({"fits": 2}, "fits: give at least 3 fits"),
        ({"evaluations": 0}, "evaluations: give a whole number from 1"),
        ({"seed": -1}, "seed: give a whole number from 0"),
        ({"progress": "no"}, "progress: give True, False or None, got 'no'"),
    ],
)
def test_wrong_arguments(made: Made, change: dict[str, Any], told: str) -> None:
    given: dict[str, Any] = {"model": made.model, "data": made.data, "strategies": ("prior",), **change}
    test = made.codes["test"]
    short = {**made.codes, "test": study.Latents(test.mean[1:], test.log_var[1:])}
    words = {"train": made.codes["train"], "codes": made.codes, "short": short}
    model = given.pop("model")
    if model == "short":
        given["decode"] = made.model.decode
    with pytest.raises(StudyError, match=f"^{re.escape(told)}") as raised:
        study.compare(words[model] if isinstance(model, str) else model, given.pop("data"), **given)
    assert "\n" not in str(raised.value)


def test_another_size_of_data(made: Made) -> None:
    other = study.load_dataset("colour-patches")
    with pytest.raises(
        StudyError, match=r"^compare: the model takes 64 values, an example of 'colour-patches' has"
    ):
        study.compare(made.model, other)
