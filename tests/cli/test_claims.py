"""`study claims`: one page over the results that there are, and what it says if there are none."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from study.cli import main
from study.cli.exits import DONE, WRONG_INPUT

SMALL = Path(__file__).parents[2] / "results" / "posterior_gap" / "mnist-default"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SMALL, tmp_path / "results" / "posterior_gap" / "mnist-default")
    return tmp_path / "results"


def test_the_page_is_written_beside_the_results(here, capsys):
    assert main(["claims", "--all"]) == DONE
    out = capsys.readouterr().out
    assert "1 verdict on 1 claim" in out and "report: results/claims/report.html" in out
    table = pd.read_csv(here / "claims" / "claims.csv")
    assert set(table["claim"]) == set(range(1, 25))
    assert {path.name for path in (here / "claims").iterdir()} == {
        "claims.csv", "packages.csv", "provenance.json", "report.html", "report.md", "rule.csv", "tables", "tables.tex"
    }  # fmt: skip
    assert main(["report", "results/claims"]) == WRONG_INPUT
    assert "is written again by `study claims`" in capsys.readouterr().err


def test_without_results_every_claim_is_declared_and_none_tested(tmp_path, capsys):
    assert main(["claims", "--results", str(tmp_path)]) == DONE
    assert "none is tested" in capsys.readouterr().out


def test_a_folder_that_is_not_there(capsys, tmp_path):
    assert main(["claims", "--results", str(tmp_path / "no")]) == WRONG_INPUT
    (line,) = capsys.readouterr().err.splitlines()
    assert "no such folder; run this where results/ is, or give --results" in line


def test_tables_that_were_altered_are_named(here, capsys):
    (here / "posterior_gap" / "mnist-default" / "runs.parquet").write_bytes(b"")
    assert main(["claims"]) == WRONG_INPUT
    assert "runs.parquet" in capsys.readouterr().err and not (here / "claims").exists()
