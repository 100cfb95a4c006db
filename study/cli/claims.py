"""The verb `study claims`: every claim of the thread over all results, as one page."""

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
    claims = verbs.add_parser(
        "claims", help="a verdict on every claim of the thread, over all results: one page"
    )
    claims.add_argument(
        "--results",
        action=Once,
        kind=folder,
        default=RESULTS,
        metavar="DIR",
        help="the folder with the results of all experiments, in which claims/ is written (default: results)",
    )
    claims.add_argument(
        "--all", action="store_true", help="also write table.tex, which is left out by default"
    )
    claims.set_defaults(verb=_claims)


def _claims(arguments: argparse.Namespace) -> int:
    from study.claims.rule import predictions, read_spectra
    from study.claims.tabulate import collected, judged
    from study.report.claims.publish import publish

    if not arguments.results.is_dir():
        raise StudyError(
            f"{arguments.results}: no such folder; run this where results/ is, or give --results"
        )
    every = collected(arguments.results)
    points = predictions(every, read_spectra(arguments.results))
    answer, page = publish(judged(every), arguments.results, points=points, everything=arguments.all)
    print(f"{answer}\n\nreport: {page}")
    return DONE
