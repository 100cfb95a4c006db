"""The verb `study index`: every report below a folder with its question, its answer and a picture."""

import argparse
from pathlib import Path
from typing import Any

from study.cli.exits import DONE
from study.cli.flags import folder
from study.cli.parsing import Once
from study.errors import StudyError

RESULTS = Path("results")


def add(verbs: Any) -> None:
    """Add the verb."""
    index = verbs.add_parser("index", help="an index of all results, as README.md and index.html beside them")
    index.add_argument(
        "--results",
        action=Once,
        kind=folder,
        default=RESULTS,
        metavar="DIR",
        help="the folder with the results of all experiments, in which the index is written (default: results)",
    )
    index.set_defaults(verb=_index)


def _index(arguments: argparse.Namespace) -> int:
    from study.report.front import write_front
    from study.report.index import entries, write

    if not arguments.results.is_dir():
        raise StudyError(
            f"{arguments.results}: no such folder; run this where results/ is, or give --results"
        )
    found = entries(arguments.results)
    if not found:
        raise StudyError(f"{arguments.results}: no reports of default or paper runs below it")
    write_front(arguments.results)
    print(f"{len(found)} reports\n\nindex: {write(found, arguments.results)}")
    return DONE
