"""Write tables, summary and report of a run into its results folder, or the report again from the folder alone."""

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
    """Write all files of a results folder, or none; returns the answer in a sentence, and the path of the page.

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
    """Write figures and report again, from the tables of a folder; an experiment's verdicts are made anew.

    Tables of an earlier version, which the experiment no longer makes, are left out.

    Args:
        folder: the results folder; no code that it names is run.
        experiment: the experiment whose findings to report, a name or a path as for `study run`; by default the
            installed experiment with the name in `provenance.json`, or the general report if there is none.
        everything: also write all figures as PNG, SVG and PDF, all tables as LaTeX, and `summary.csv`, which a results
            folder does not keep.

    Raises:
        StudyError: it is not a results folder, or there is no such experiment.
    """
    facts = load_results(folder).provenance
    asker = load_experiment(experiment) if experiment else installed_experiment(facts.get("experiment"))
    with exchanged(folder) as fresh:
        with told(folder):
            for name in data_files(facts):
                if asker and asker.tables is None and Path(name).suffix == ".csv":
                    continue
                (fresh / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / name, fresh / name)
        seal(fresh, facts)
        answer = _report(fresh, folder, asker, everything=everything)
    return answer, folder / "report.html"


def _report(fresh: Path, folder: Path, experiment: Experiment | None, *, everything: bool = False) -> str:
    """Write figures and pages from the tables in `fresh`, whose files will be moved to `folder`."""
    loaded = load_results(fresh)  # the same input as for a later `study report`
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
