"""Every claim declares what it means, what it reads and what decides it, and its experiments exist or are to come."""

import re
from pathlib import Path

import pytest

from study.claims.base import SECTIONS
from study.claims.registry import CLAIMS, claims
from study.claims.thresholds import AXES
from study.metrics.registry import names
from study.tables import schemas
from tests.claims.worlds import CASES

TABLES = {"inside", "mean_variance", "same class", "distances", *schemas.LATENTS}  # measures of other tables
TO_COME = {
    "kl_per_dimension",
    "latent_dimension",
    "latent_maps",
    "reconstruction_weight",
    "single_latent",
    "two_datasets",
}
DATASETS = {"digits", "mnist", "fashion-mnist", "colour-patches", "co2", "etth1"}


@pytest.fixture(params=list(CLAIMS))
def claim(request):
    return CLAIMS[request.param]


def test_there_are_24_claims_in_the_order_of_their_numbers():
    assert [claim.number for claim in claims()] == list(range(1, 25))
    assert len({claim.statement for claim in claims()}) == 24
    assert CASES.keys() == CLAIMS.keys()


def test_the_docstring_has_what_is_demanded(claim):
    assert tuple(claim.sections) == SECTIONS and all(len(text) > 10 for text in claim.sections.values())
    assert claim.statement.endswith(".") and len(claim.statement.split()) < 30 and claim.said_by
    assert ".parquet`" in claim.sections["Reads"]
    for experiment in claim.reads:
        assert f"`{experiment}`" in claim.sections["Reads"], experiment
    for test in claim.tests:
        assert test.metric in claim.declared, test.metric


def test_two_metrics_must_agree_on_two_data_sets(claim):
    assert len({test.metric for test in claim.tests}) >= 2
    assert len(claim.datasets) >= 2 and set(claim.datasets) <= DATASETS


def test_every_number_of_a_test_is_known(claim):
    for test in claim.tests:
        assert test.metric in TABLES or test.metric in names(), test.metric
        assert test.axis in AXES and test.reads
        assert test.quantity and not test.quantity.endswith(".")


def test_what_is_said_of_the_smallest_effect_is_what_is_tested(claim):
    """Each threshold stands in the text, in its unit, at least once."""
    said = claim.sections["Matters"].replace("−", "-")
    for test in claim.tests:
        size = abs(test.least)
        words = {f"{100 * size:g} %", f"{100 * size:g} points", f"{size:g}"}
        known = {0.1: "tenth", 0.0: "More than half"}
        assert any(word in said for word in words) or known.get(test.least, "log 2") in said, test


def test_experiments_exist_or_are_declared_to_come():
    installed = {path.stem for path in Path(__file__).parents[2].glob("experiments/*.py")}
    read = {name for claim in claims() for name in claim.reads}
    assert read - installed <= TO_COME
    assert all(re.fullmatch(r"[a-z_]+", name) for name in read)
