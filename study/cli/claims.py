"""The verb `study claims`: every claim of the thread over all results, as one page."""

import argparse
from typing import Any

from study.cli.exits import DONE
from study.cli.flags import add_results, results_of


def add(verbs: Any) -> None:
    """Add the verb."""
    claims = verbs.add_parser(
        "claims", help="a verdict on every claim of the thread, over all results: one page"
    )
    add_results(claims, written="claims/ is")
    claims.add_argument(
        "--all", action="store_true", help="also write what is left out by default: SVG, PDF and LaTeX"
    )
    claims.set_defaults(verb=_claims)


def _claims(arguments: argparse.Namespace) -> int:
    from study.claims.packages import package_table
    from study.claims.rule import predictions, read_spectra
    from study.claims.tabulate import collected, judged
    from study.report.claims.publish import publish

    root = results_of(arguments)
    every = collected(root)
    spectra = read_spectra(root)
    points, packages = predictions(every, spectra), package_table(spectra)
    answer, page = publish(judged(every), root, points=points, packages=packages, everything=arguments.all)
    print(f"{answer}\n\nreport: {page}")
    return DONE
