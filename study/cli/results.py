"""The verbs that read a results folder: `study report`, `study table` and `study status`."""

import argparse
from typing import Any

from study.cli.exits import DONE, SOME_FAILED
from study.cli.flags import folder
from study.cli.parsing import Once, several, text
from study.errors import StudyError


def add(verbs: Any) -> None:
    """Add the three verbs."""
    report = verbs.add_parser(
        "report", help="write figures and report again, from the tables of a results folder"
    )
    _takes_folder(report)
    report.add_argument(
        "--experiment",
        action=Once,
        kind=text,
        metavar="NAME|PATH",
        help="the experiment whose findings to write (default: the installed one that the folder names)",
    )
    report.add_argument(
        "--all",
        action="store_true",
        help="also write what is left out by default: every figure as PNG, SVG and PDF, every table as LaTeX, "
        "summary.csv",
    )
    report.set_defaults(verb=_report)

    table = verbs.add_parser("table", help="print the strategy × metric table of a results folder")
    _takes_folder(table)
    table.add_argument("--format", choices=("md", "latex", "csv", "html"), default="md")
    table.add_argument(
        "--metrics",
        action=Once,
        kind=several(text),
        nargs="+",
        metavar="NAME",
        help="metrics, in order (default: the report's)",
    )
    table.add_argument(
        "--family",
        action=Once,
        kind=text,
        help="which models, if there are several families (default: vae)",
    )
    table.set_defaults(verb=_table)

    status = verbs.add_parser("status", help="what a results folder holds, and what failed or is missing")
    _takes_folder(status)
    status.set_defaults(verb=_status)


def _takes_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", action=Once, kind=folder, metavar="DIR")


def _report(arguments: argparse.Namespace) -> int:
    from study.pipeline.publish import republish
    from study.tables.results import load_results

    if (arguments.folder / "claims.csv").is_file() and not (arguments.folder / "runs.parquet").is_file():
        raise StudyError(
            f"{arguments.folder}: the page of claims is written again by `study claims`, with --all in full"
        )
    if load_results(arguments.folder).provenance.get("experiment") == "audit":
        from study.audit.publish import republish as again

        answer, page = again(arguments.folder, everything=arguments.all)
        print(f"{answer}\n\nreport: {page}")
        return DONE
    answer, page = republish(arguments.folder, experiment=arguments.experiment, everything=arguments.all)
    print(f"{answer}\n\nreport: {page}")
    return DONE


def _table(arguments: argparse.Namespace) -> int:
    from study.report.frames import by_family
    from study.report.tables import table
    from study.statistics import summarise
    from study.tables.results import load_results

    results = load_results(arguments.folder)
    found = by_family(results, summarise(results.metrics))
    family = arguments.family or next(iter(found))
    if family not in found:
        raise StudyError(f"--family: no family {family!r} in {arguments.folder}; it has {', '.join(found)}")
    print(table(found[family][1], arguments.metrics, fmt=arguments.format))
    return DONE


def _status(arguments: argparse.Namespace) -> int:
    from study.report.outside import tamed
    from study.tables.results import load_results

    results = tamed(load_results(arguments.folder))
    runs = results.runs
    failed = runs[runs["status"] != "done"]
    gaps = results.metrics[results.metrics["status"] != "ok"]
    facts = results.provenance
    print(f"{facts.get('experiment', arguments.folder)}: {len(runs) - len(failed)} of {len(runs)} cells done")
    print(
        f"{len(results.metrics)} measurements, {len(gaps)} of them missing; made {facts.get('created', 'unknown')}"
    )
    for row in failed.itertuples():
        print(f"failed {row.run_id} (α={row.alpha:g}, β={row.beta:g}, seed {row.seed}): {row.reason}")
    for (status, strategy, metric, reason), rows in gaps.groupby(["status", "strategy", "metric", "reason"]):
        print(f"{status} {strategy} × {metric} on {len(rows)} cells: {reason}")
    return SOME_FAILED if len(failed) or (gaps["status"] == "failed").any() else DONE
