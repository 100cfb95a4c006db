"""Every committed results folder gives a short answer, and no verdict is stored beside the rows it is made from."""

from pathlib import Path

import pandas as pd
import pytest

from study.pipeline.experiment import installed_experiment
from study.report.plots.style import plain_settings
from study.tables.results import extra_tables, load_results
from tests.committed import FOLDERS, label
from tests.experiments.conftest import ROOT, short

EXPERIMENTS = sorted(path.stem for path in (ROOT / "experiments").glob("[a-z]*.py"))
NEED_DATA = {"linear_ground_truth", "latent_maps", "two_datasets"}  # what data or models alone can tell


def test_tables_are_declared_only_where_the_data_are_needed() -> None:
    declared = {name: installed_experiment(name) for name in EXPERIMENTS}
    assert {name for name, one in declared.items() if one is not None and one.tables} == NEED_DATA


@pytest.mark.integration
@pytest.mark.parametrize("folder", FOLDERS, ids=label)
def test_the_answer_follows_from_the_stored_rows(folder: Path, unchecked: None) -> None:
    results = load_results(folder)
    experiment = installed_experiment(results.provenance["experiment"])
    tables = extra_tables(folder, results.provenance)
    assert experiment is not None and bool(tables) == (experiment.name in NEED_DATA)
    assert not any({"verdict", "p_holm", "low", "high"} & set(table) for table in tables.values())
    if experiment.findings is None:
        return
    with plain_settings():
        found = experiment.findings(results, tables)
    short(found)
    assert found.sections and all(
        isinstance(part.table, pd.DataFrame) or part.figure for part in found.sections
    )
    texts = [found.answer, *(part.text for part in found.sections)]
    assert not any("nan" in text or "  " in text or "None" in text for text in texts)
