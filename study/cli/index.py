"""The verb `study index`: every report below a folder with its question, its answer and a picture."""

import argparse
from typing import Any

from study.cli.exits import DONE
from study.cli.flags import add_results, results_of
from study.errors import StudyError


def add(verbs: Any) -> None:
    """Add the verb."""
    index = verbs.add_parser("index", help="an index of all results, as README.md and index.html beside them")
    add_results(index, written="the index is")
    index.set_defaults(verb=_index)


def _index(arguments: argparse.Namespace) -> int:
    from study.report.front import write_front
    from study.report.index import entries, write

    root = results_of(arguments)
    found = entries(root)
    if not found:
        raise StudyError(f"{root}: no reports of default or paper runs below it")
    page = write(found, root)
    write_front(root)
    print(f"{len(found)} reports\n\nindex: {page}")
    return DONE
