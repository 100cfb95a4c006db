"""Write an audit into its results folder, or its report again from the folder alone."""

import shutil
from pathlib import Path

import pandas as pd

from study.audit.report import DRAW, write_report
from study.runtime.files import told
from study.runtime.folders import exchanged
from study.strategies import strategy as strategy_of
from study.strategies.base import Fitted
from study.strategies.saving import save
from study.tables.results import Results, data_files, extra_tables, load_results, seal, write_tables

DIAGNOSIS = "diagnosis"


def publish(
    results: Results, diagnosis: pd.DataFrame, folder: Path, *, strategy: str, fitted: Fitted
) -> Path:
    """Write tables, fitted strategy and report, all or nothing; returns the path of the page.

    Raises:
        FileError: the folder cannot be written.
    """
    with exchanged(folder) as fresh:
        write_tables(results, fresh)
        with told(fresh):
            diagnosis.to_csv(fresh / f"{DIAGNOSIS}.csv", index=False)
        save(fresh / DRAW, fitted, strategy=strategy_of(strategy))
        seal(fresh, results.provenance)
        _report(fresh, folder)
    return folder / "report.html"


def republish(folder: Path, *, everything: bool = False) -> tuple[str, Path]:
    """Write figures and report again, from the tables of a folder; with `everything` in all formats.

    Raises:
        StudyError: it is not the folder of an audit.
    """
    facts = load_results(folder).provenance
    with exchanged(folder) as fresh:
        with told(folder):
            for name in data_files(facts):
                shutil.copyfile(folder / name, fresh / name)
        seal(fresh, facts)
        answer = _report(fresh, folder, everything=everything)
    return answer, folder / "report.html"


def _report(fresh: Path, folder: Path, *, everything: bool = False) -> str:
    loaded = load_results(fresh)  # the same input as for a later `study report`
    diagnosis = extra_tables(fresh, loaded.provenance)[DIAGNOSIS]
    diagnosis = diagnosis.fillna({"mend": "", "says": ""})
    with told(folder):
        answer, _ = write_report(fresh, loaded, diagnosis, place=folder, everything=everything)
        seal(fresh, loaded.provenance)
    return answer
