"""Contradictory rows of a results folder are refused when they are read, not later when they are used."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from study import StudyError, load_results
from study.tables import schemas
from study.tables.results import Results, write_results

DEFAULTS: dict[str, Any] = {"string": "x", "int64": 1, "bool": False, "float64": 1.0, "float32": 1.0}


def frame(table: str, *rows: dict[str, Any]) -> pd.DataFrame:
    schema = schemas.TABLES[table]
    words = {column: known[0] for column, known in schemas.VALUES[table].items()}
    full = [{column: DEFAULTS[kind] for column, kind in schema.items()} | words | row for row in rows]
    return schemas.conform(pd.DataFrame(full), table)


@pytest.mark.parametrize(
    ("table", "told"),
    [("runs", "a run appears in two rows"), ("metrics", "a measurement appears in two rows")],
)
def test_nothing_is_told_twice(tmp_path: Path, table: str, told: str) -> None:
    tables = {name: frame(name, {}) for name in schemas.TABLES}
    write_results(Results(**tables, samples={}, provenance={}), tmp_path / "once")
    assert len(load_results(tmp_path / "once").metrics) == 1
    tables[table] = frame(table, {}, {})
    write_results(Results(**tables, samples={}, provenance={}), tmp_path / "twice")
    with pytest.raises(StudyError, match=told):
        load_results(tmp_path / "twice")


@pytest.mark.parametrize("table", [name for name in schemas.TABLES if name != "runs"])
def test_every_row_belongs_to_a_run(tmp_path: Path, table: str) -> None:
    tables = {name: frame(name, {}) for name in schemas.TABLES}
    tables[table] = frame(table, {"run_id": "another"})
    write_results(Results(**tables, samples={}, provenance={}), tmp_path / "out")
    with pytest.raises(
        StudyError, match=rf"{table}.parquet: run 'another' is missing from runs.parquet; run"
    ):
        load_results(tmp_path / "out")
