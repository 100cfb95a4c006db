"""The table of packages: its columns, the scripts that confirm it, and predictions that are the rule's own."""

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.claims.packages import (
    CHECKS,
    DIMENSIONS,
    LATENTS,
    PACKAGES,
    QUANTITIES,
    package_table,
    predicted,
)
from study.claims.rule import RULE, linear_rate, read_spectra
from study.tables import schemas

ROOT = Path(__file__).parents[2]
NONE = pd.DataFrame(columns=["dataset", "rank", "eigenvalue"])


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return package_table(read_spectra(ROOT / "results"))


def test_each_package_has_a_row_of_the_declared_columns(table):
    assert list(table.columns) == list(schemas.PACKAGES) and len(table) == len(PACKAGES)
    assert table["package"].is_unique
    columns = ["version", "draws", "noise", "seed", "weights", "effective", "encoder", "confirmed_by"]
    assert (table[columns] != "").all(axis=None)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_every_row_is_confirmed_by_scripts_that_install_that_version(package):
    for path in package.confirmed_by:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert f"{package.name}=={package.version}" in text, path


def test_every_check_and_finding_about_a_package_stands_in_the_table():
    named = {path for package in PACKAGES for path in package.confirmed_by}
    assert {f"{CHECKS}/{path.name}" for path in (ROOT / CHECKS).glob("check_*.py")} <= named
    installed = re.compile("|".join(f"{package.name}==" for package in PACKAGES))
    about = {path for path in (ROOT / "findings").glob("*.sh") if installed.search(path.read_text("utf-8"))}
    assert {f"findings/{path.name}" for path in about} <= named


def test_the_committed_table_is_what_the_rule_says(table):
    committed = pd.read_csv(ROOT / "results" / "claims" / "packages.csv", keep_default_na=False)
    assert list(committed["package"]) == list(table["package"])
    for name in ("s", "rate", *QUANTITIES):
        np.testing.assert_allclose(pd.to_numeric(committed[name]), table[name], rtol=1e-5)


def test_a_prediction_is_the_rule_at_the_linear_rate(table):
    spectra = read_spectra(ROOT / "results")
    own = spectra[spectra["dataset"] == "mnist"].sort_values("rank")["eigenvalue"].to_numpy()
    row = table.set_index("package").loc["pythae"]
    rate = linear_rate(own, s=1.0, latent_dim=16)
    assert row["s"] == 1 and row["rate"] == pytest.approx(rate)
    for name in QUANTITIES:
        assert row[name] == pytest.approx(float(RULE[name, "s"].at(np.array(rate / math.log(60_000)))))


def test_without_a_positive_s_or_anything_encoded_nothing_is_predicted():
    spectrum = np.linspace(5, 1, LATENTS)
    for s in (math.nan, 0.0, 9.0):
        found = predicted(s, spectrum)
        assert all(math.isnan(found[name]) for name in QUANTITIES)
        assert found["rate"] == 0 if s == 9 else math.isnan(found["rate"])


def test_without_a_spectrum_the_table_is_there_and_predicts_nothing():
    bare = package_table(NONE)
    assert bare[["rate", *QUANTITIES]].isna().all(axis=None)
    s = bare.set_index("package")["s"]
    assert s["probaforms"] == pytest.approx(0.001 * DIMENSIONS / 2) and s["pyod"] == 0
