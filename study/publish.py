"""Tables, summary and report of a run into its results folder, and the report again from the folder alone."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from study.errors import StudyError
from study.experiment import Experiment
from study.report.build import build_report
from study.results import Results, load_results, write_results
from study.statistics import summarise


def publish(
    results: Results, folder: Path, *, experiment: Experiment | None, tables: Mapping[str, pd.DataFrame]
) -> tuple[str, Path]:
    """Write everything a results folder holds; returns the answer in a sentence, and the page."""
    write_results(results, folder)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return _report(load_results(folder), folder, experiment, tables)  # what a later `study report` will read


def republish(folder: Path) -> tuple[str, Path]:
    """Figures and report again, from the tables of a folder.

    Raises:
        StudyError: it is no results folder.
    """
    from study.experiment import load_experiment

    results = load_results(folder)
    name = str(results.provenance.get("experiment", ""))
    try:
        experiment = load_experiment(name) if name else None
    except StudyError:  # the tables are enough for the general report
        experiment = None
    general = {"summary", "claims"}
    tables = {path.stem: _read(path) for path in sorted(folder.glob("*.csv")) if path.stem not in general}
    return _report(results, folder, experiment, tables)


def _read(path: Path) -> pd.DataFrame:
    """A table of an experiment; nothing was compared where it is empty."""
    try:
        return pd.read_csv(path)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()


def _report(
    results: Results, folder: Path, experiment: Experiment | None, tables: Mapping[str, pd.DataFrame]
) -> tuple[str, Path]:
    summary = summarise(results.metrics)
    summary.to_csv(folder / "summary.csv", index=False)
    findings = experiment.findings(results, tables) if experiment and experiment.findings else None
    return build_report(folder, results, summary, findings=findings)
