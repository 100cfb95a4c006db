"""Contradictory rows of a results folder are refused when they are read, not later when they are used."""

from pathlib import Path

import pytest

from study import StudyError, load_results
from study.tables import schemas
from study.tables.results import Results, write_results
from tests.plain_tables import plain_table


@pytest.mark.integration
@pytest.mark.parametrize(
    ("table", "told"),
    [("runs", "a run appears in two rows"), ("metrics", "a measurement appears in two rows")],
)
def test_nothing_is_told_twice(tmp_path: Path, table: str, told: str) -> None:
    tables = {name: plain_table(name, [{}]) for name in schemas.TABLES}
    write_results(Results(**tables, samples={}, provenance={}), tmp_path / "once")
    assert len(load_results(tmp_path / "once").metrics) == 1
    tables[table] = plain_table(table, [{}, {}])
    write_results(Results(**tables, samples={}, provenance={}), tmp_path / "twice")
    with pytest.raises(StudyError, match=told):
        load_results(tmp_path / "twice")


@pytest.mark.parametrize("table", [name for name in schemas.TABLES if name != "runs"])
def test_every_row_belongs_to_a_run(tmp_path: Path, table: str) -> None:
    tables = {name: plain_table(name, [{}]) for name in schemas.TABLES}
    tables[table] = plain_table(table, [{"run_id": "another"}])
    write_results(Results(**tables, samples={}, provenance={}), tmp_path / "out")
    with pytest.raises(
        StudyError, match=rf"{table}.parquet: run 'another' is missing from runs.parquet; run"
    ):
        load_results(tmp_path / "out")
