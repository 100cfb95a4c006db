"""Which folders are evidence, what is read from them, and the table of verdicts."""

import math
import shutil
from pathlib import Path

import pandas as pd
import pytest

from study.claims.evidence import evidence, find, read
from study.claims.registry import claims
from study.claims.tabulate import claim_table, judged
from study.errors import StudyError
from study.tables import schemas
from study.tables.results import load_results
from tests.claims.made import grid, made, verdict
from tests.claims.worlds import CASES

RESULTS = Path(__file__).parents[2] / "results"
SMALL = RESULTS / "posterior_gap" / "mnist-default"  # tables of a few kilobytes


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    shutil.copytree(SMALL, folder / "posterior_gap" / "mnist-default")
    return folder


def test_longer_profiles_come_first_and_short_ones_do_not_count(tmp_path):
    for name in ("mnist-default", "mnist-paper", "fashion-mnist-default", "digits-quick", "digits-smoke"):
        (tmp_path / "gap_ladder" / name).mkdir(parents=True)
    found = find(tmp_path, ("gap_ladder", "absent"))
    assert {key: path.name for key, path in found.items()} == {
        ("gap_ladder", "mnist"): "mnist-paper",
        ("gap_ladder", "fashion-mnist"): "fashion-mnist-default",
    }


def test_a_table_that_an_experiment_added_with_the_columns_of_metrics_counts_as_such():
    results = load_results(SMALL)
    run = results.runs["run_id"].iloc[0]
    row = {name: results.metrics[name].iloc[0] for name in schemas.METRICS}
    more = pd.DataFrame([row | {"run_id": run, "strategy": "other-posterior", "metric": "kid", "value": 3.0}])
    other = pd.DataFrame({"run_id": [run], "a": [1.0]})
    found = evidence(results, experiment="x", dataset="mnist", more=[more, other])
    assert len(found.metrics) == len(results.metrics) + 1
    (scored,) = found.scored("kid")
    value = scored.value("other-posterior")
    assert value is not None and value.item() == 3.0


def test_a_folder_that_was_altered_is_no_evidence(root, tmp_path):
    shutil.copytree(root, tmp_path / "results")
    folder = tmp_path / "results" / "posterior_gap" / "mnist-default"
    (folder / "latents.parquet").write_bytes(b"")
    with pytest.raises(StudyError, match="was altered"):
        read(folder, experiment="posterior_gap", dataset="mnist")


def test_the_table_has_its_declared_columns_and_a_row_for_every_verdict(root):
    found = judged(root)
    table = claim_table(found)
    assert list(table.columns) == list(schemas.CLAIMS)
    together = table[table["test"].str.startswith("all tests")]
    assert len(together) == len(found) == sum(len(claim.datasets) for claim in claims())
    own = table[(table["claim"] == 17) & (table["dataset"] == "mnist")]
    assert len(own) == 3 and (own["n"] == 5).all()
    first, *tests = own.to_dict("records")
    assert (
        first["effect"] in [test["effect"] for test in tests]
        and first["low"] < first["effect"] < first["high"]
    )
    empty = together[together["claim"] != 17]
    assert (empty["verdict"] == "not decided").all() and empty["effect"].isna().all()


def test_a_word_that_is_no_verdict_is_refused(root):
    table = claim_table(judged(root)).assign(verdict="perhaps")
    with pytest.raises(StudyError, match="'perhaps', which is none of supported"):
        schemas.conform(table, "claims")


def test_an_effect_is_the_share_of_the_gap_that_was_made():
    found = verdict(claims()[1], made(grid(1.0), **CASES["scale_sigma"].true["sampling_strategies"]))
    assert found.shown is not None and math.isclose(found.shown.effect, 0.5, abs_tol=0.02)
