"""Which folders are evidence, what is read from them, and the table of verdicts."""

import math
import shutil
from pathlib import Path

import pandas as pd
import pytest

from study.claims.evidence import evidence, find, read
from study.claims.measures import per_model
from study.claims.registry import claims
from study.claims.tabulate import claim_table, collected, judged
from study.errors import StudyError
from study.pipeline.publish import publish
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


def test_tables_of_an_experiment_s_own_are_read_model_by_model():
    results = load_results(SMALL)
    own = {
        "similar": pd.DataFrame({"run_id": results.runs["run_id"], "a": 1.0}),
        "free": pd.DataFrame({"b": [1.0]}),
    }
    found = evidence(results, experiment="x", dataset="mnist", own=own)
    assert found.table("similar")[["seed", "latent_dim"]].notna().all(axis=None)
    assert list(found.table("free")) == ["b"] and found.table("absent").empty
    (first, *_) = per_model("similar", lambda rows: float(rows["a"].sum()))(found)
    assert first.values.tolist() == [[1.0]] * 5


@pytest.mark.integration
def test_an_experiment_about_two_data_sets_is_evidence_on_both(tmp_path):
    results = load_results(SMALL)
    folder = tmp_path / "two_datasets" / "mnist-default"
    scores = [
        {
            "data": data,
            "alpha": 1.0,
            "beta": 0.5,
            "seed": seed,
            "source": source,
            "metric": metric,
            "value": value,
        }
        for data in ("mnist", "fashion-mnist")
        for seed in range(5)
        for source, better in (("own codes", 0.5), ("other's codes", 0.0), ("N(0, I)", 0.0))
        for metric, value in (("kid", 1 - better + seed / 50), ("coverage", 0.3 + better * (1 + seed / 50)))
    ]
    publish(results, folder, experiment=None, tables={"crossed": pd.DataFrame(scores)})
    found = {one.dataset: one for one in judged(collected(tmp_path)) if one.claim.number == 22}
    assert {name: one.verdict for name, one in found.items()} == {
        "mnist": "supported",
        "fashion-mnist": "supported",
    }
    assert found["fashion-mnist"].shown is not None
    assert found["fashion-mnist"].shown.places == 1


def test_a_folder_that_was_altered_is_no_evidence(root, tmp_path):
    shutil.copytree(root, tmp_path / "results")
    folder = tmp_path / "results" / "posterior_gap" / "mnist-default"
    (folder / "latents.parquet").write_bytes(b"")
    with pytest.raises(StudyError, match="was altered"):
        read(folder, experiment="posterior_gap", dataset="mnist")


def test_the_table_has_its_declared_columns_and_a_row_for_every_verdict(root):
    found = judged(collected(root))
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
    table = claim_table(judged(collected(root))).assign(verdict="perhaps")
    with pytest.raises(StudyError, match="'perhaps', which is none of supported"):
        schemas.conform(table, "claims")


def test_an_effect_is_the_share_of_the_gap_that_was_made():
    found = verdict(claims()[1], made(grid(1.0), **CASES["scale_sigma"].true["sampling_strategies"]))
    assert found.shown is not None and math.isclose(found.shown.effect, 0.5, abs_tol=0.02)
