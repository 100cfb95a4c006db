"""Tables, summary and report of a run into its results folder, and the report again from the folder alone."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from study.errors import StudyError
from study.pipeline.experiment import Experiment, installed_experiment, load_experiment
from study.report.build import build_report
from study.report.outside import tamed, tamed_table
from study.report.plots.style import plain_settings
from study.runtime.checks import said
from study.runtime.files import told
from study.runtime.folders import exchanged
from study.statistics import summarise
from study.tables.results import SUMMARY, Results, data_files, extra_tables, load_results, seal, write_tables


def publish(
    results: Results, folder: Path, *, experiment: Experiment | None, tables: Mapping[str, pd.DataFrame]
) -> tuple[str, Path]:
    """Write everything a results folder holds, all of it or nothing; returns the answer in a sentence, and the page.

    Raises:
        FileError: the folder cannot be written.
    """
    with exchanged(folder) as fresh:
        write_tables(results, fresh)
        with told(fresh):
            for name, table in tables.items():
                table.to_csv(fresh / f"{name}.csv", index=False)
        seal(fresh, results.provenance)
        answer = _report(fresh, folder, experiment)
    return answer, folder / "report.html"


def republish(folder: Path, *, experiment: str | None = None, everything: bool = False) -> tuple[str, Path]:
    """Figures and report again, from the tables of a folder.

    Args:
        folder: the results folder; nothing that it names is run.
        experiment: whose findings are told, a name or a path as `study run` takes it; by default the installed
            experiment of the name in `provenance.json`, and the general report where there is none.
        everything: what a results folder does not keep, too: figures as SVG, `summary.csv` and `table.tex`.

    Raises:
        StudyError: it is no results folder, or there is no such experiment.
    """
    facts = load_results(folder).provenance
    asker = load_experiment(experiment) if experiment else installed_experiment(facts.get("experiment"))
    with exchanged(folder) as fresh:
        with told(folder):
            for name in data_files(facts):
                (fresh / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / name, fresh / name)
        seal(fresh, facts)
        answer = _report(fresh, folder, asker, everything=everything)
    return answer, folder / "report.html"


def _report(fresh: Path, folder: Path, experiment: Experiment | None, *, everything: bool = False) -> str:
    """Figures and pages from the tables in `fresh`, which will stand in `folder`."""
    loaded = load_results(fresh)  # what a later `study report` will read
    results = tamed(loaded)
    tables = {name: tamed_table(table) for name, table in extra_tables(fresh, loaded.provenance).items()}
    summary = summarise(results.metrics)
    findings = None
    if experiment and experiment.findings:
        try:
            with plain_settings():
                findings = experiment.findings(results, tables)
        except (KeyError, IndexError, AttributeError, TypeError) as error:
            raise StudyError(
                f"{folder}: its tables are not those of experiment {experiment.name!r} "
                f"({type(error).__name__}: {said(error)}); give --experiment, or run it again"
            ) from error
    with told(folder):
        if everything:
            summary.to_csv(fresh / SUMMARY, index=False)
        answer, _ = build_report(
            fresh, results, summary, findings=findings, place=folder, everything=everything
        )
        seal(fresh, loaded.provenance)
    return answer
