"""The command `study`. JAX is imported inside a verb only, so that `study --help` answers at once."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from study.cli.exits import DONE, INTERRUPTED, SOME_FAILED, WRONG_INPUT
from study.cli.flags import add_flags
from study.cli.listing import LISTS, show
from study.cli.run import run as _run
from study.errors import StudyError

if TYPE_CHECKING:
    from study.experiment import Experiment


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    return _guarded(_parser(), sys.argv[1:] if argv is None else list(argv), None)


def experiment_main(experiment: "Experiment", argv: Sequence[str] | None = None) -> int:
    """What `python experiments/NAME.py` does: `study run` on that experiment, with the same flags."""
    parser = argparse.ArgumentParser(prog=f"{experiment.name}.py", description=experiment.question)
    add_flags(parser)
    parser.set_defaults(verb=_run, experiment=None)
    return _guarded(parser, sys.argv[1:] if argv is None else list(argv), experiment)


def _guarded(parser: argparse.ArgumentParser, argv: list[str], experiment: "Experiment | None") -> int:
    arguments = parser.parse_args(argv)
    arguments.flags = argv if experiment is not None else argv[2:]
    if experiment is not None:
        arguments.experiment = experiment
    try:
        return arguments.verb(arguments)
    except StudyError as error:
        print(f"study: {' '.join(str(error).split())}", file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt:
        print(
            "study: interrupted; what is done is kept, the same command goes on from there", file=sys.stderr
        )
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="study",
        description="Given a trained VAE, from which latent distribution should new data be drawn? Measured.",
        epilog="exit codes: 0 done, 1 some cells failed, 2 what was given is wrong",
    )
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    run = verbs.add_parser(
        "run", help="train what is missing, evaluate, write tables and report; resumes by itself"
    )
    run.add_argument(
        "experiment", help="NAME of experiments/NAME.py below the current folder, or a path to a .py file"
    )
    add_flags(run)
    run.set_defaults(verb=_run)

    report = verbs.add_parser(
        "report", help="write figures and report again, from the tables of a results folder"
    )
    report.add_argument("folder", type=Path)
    report.set_defaults(verb=_report)

    table = verbs.add_parser("table", help="print the strategy × metric table of a results folder")
    table.add_argument("folder", type=Path)
    table.add_argument("--format", choices=("md", "latex", "csv", "html"), default="md")
    table.add_argument("--metrics", nargs="+", help="metrics, in order (default: the report's)")
    table.add_argument("--family", help="which models, where there are several families (default: vae)")
    table.set_defaults(verb=_table)

    status = verbs.add_parser("status", help="what a results folder holds, and what failed or is missing")
    status.add_argument("folder", type=Path)
    status.set_defaults(verb=_status)

    listing = verbs.add_parser("list", help="what there is: " + ", ".join(LISTS))
    listing.add_argument("what", choices=LISTS)
    listing.add_argument("--json", action="store_true", help="a JSON list of objects")
    listing.set_defaults(verb=show)

    env = verbs.add_parser("env", help="this machine, its devices and versions")
    env.add_argument("--json", action="store_true")
    env.set_defaults(verb=_env)

    data = verbs.add_parser("data", help="fetch a data set beforehand")
    data.add_argument("action", choices=("fetch",))
    data.add_argument("name")
    data.set_defaults(verb=_fetch)

    clean = verbs.add_parser("clean", help="delete the store of trained cells; results folders stay")
    clean.add_argument("--store", type=Path)
    clean.set_defaults(verb=_clean)
    return parser


def _report(arguments: argparse.Namespace) -> int:
    from study.publish import republish

    answer, page = republish(arguments.folder)
    print(f"{answer}\n\nreport: {page}")
    return DONE


def _table(arguments: argparse.Namespace) -> int:
    from study.report.frames import by_family
    from study.report.tables import table
    from study.results import load_results
    from study.statistics import summarise

    results = load_results(arguments.folder)
    found = by_family(results, summarise(results.metrics))
    family = arguments.family or next(iter(found))
    if family not in found:
        raise StudyError(f"--family: no family {family!r} in {arguments.folder}; it has {', '.join(found)}")
    print(table(found[family][1], arguments.metrics, fmt=arguments.format))
    return DONE


def _status(arguments: argparse.Namespace) -> int:
    from study.results import load_results

    results = load_results(arguments.folder)
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
    for (strategy, metric, reason), rows in gaps.groupby(["strategy", "metric", "reason"]):
        print(f"missing {strategy} × {metric} on {len(rows)} cells: {reason}")
    return SOME_FAILED if len(failed) else DONE


def _env(arguments: argparse.Namespace) -> int:
    from study.environment import describe, use_all_cores

    use_all_cores()
    facts = describe()
    if arguments.json:
        print(json.dumps(facts, indent=2))
        return DONE
    for name, value in facts.items():
        print(
            f"{name}: {', '.join(f'{k} {v}' for k, v in value.items()) if isinstance(value, dict) else value}"
        )
    return DONE


def _fetch(arguments: argparse.Namespace) -> int:
    from study.data import load_dataset

    data = load_dataset(arguments.name)
    print(f"{data.name}: {len(data.train)} train, {len(data.validation)} validation, {len(data.test)} test")
    return DONE


def _clean(arguments: argparse.Namespace) -> int:
    from study.cells import Store, default_store

    folder = arguments.store or default_store()
    print(f"{folder}: {Store(folder).remove() / 2**20:.1f} MiB freed")
    return DONE
