"""The command `study`. JAX is imported inside a verb only, so that `study --help` answers at once."""

import argparse
import dataclasses
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.errors import StudyError

if TYPE_CHECKING:
    from study.cells import Store
    from study.config import StudyConfig
    from study.experiment import Experiment
    from study.plan import Plan

DONE, SOME_FAILED, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130
LISTS = ("strategies", "datasets", "models", "metrics", "experiments")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    return _guarded(_parser(), sys.argv[1:] if argv is None else list(argv), None)


def experiment_main(experiment: "Experiment", argv: Sequence[str] | None = None) -> int:
    """What `python experiments/NAME.py` does: `study run` on that experiment, with the same flags."""
    parser = argparse.ArgumentParser(prog=f"{experiment.name}.py", description=experiment.question)
    _run_flags(parser)
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
    _run_flags(run)
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
    listing.set_defaults(verb=_list)

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


def _run_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--profile", default="default", help="smoke, quick, default or paper (default: default)"
    )
    parser.add_argument("--dataset", help="a name (`study list datasets`) or a path")
    parser.add_argument(
        "--seeds", nargs="+", metavar="N", help="one number: that many seeds; several: those seeds"
    )
    parser.add_argument("--alphas", nargs="+", metavar="A", help="weights of the reconstruction term")
    parser.add_argument("--betas", nargs="+", metavar="B", help="weights of the KL term")
    parser.add_argument("--latent-dim", type=int, metavar="D", help="number of latent dimensions")
    parser.add_argument("--steps", type=int, metavar="N", help="optimiser steps per model")
    parser.add_argument("--strategies", nargs="+", metavar="NAME", help="names (`study list strategies`)")
    parser.add_argument(
        "--features", metavar="NET.onnx", help="an ONNX network that makes the features (needs onnxruntime)"
    )
    parser.add_argument(
        "--out", type=Path, help="results folder (default: results/EXPERIMENT/DATASET-PROFILE)"
    )
    parser.add_argument(
        "--store", type=Path, help="where trained cells are kept (default: $STUDY_STORE or .study)"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the plan and stop")
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first cell that fails")


def configure(config: "StudyConfig", arguments: argparse.Namespace) -> "StudyConfig":
    """The configuration with the flags that were given.

    Raises:
        StudyError: a value is not a number, or makes no configuration.
    """
    changes: dict[str, Any] = {}
    for name, kind in (("alphas", float), ("betas", float), ("seeds", int), ("strategies", str)):
        given = getattr(arguments, name)
        if given:
            changes[name] = _values(f"--{name}", given, kind)
    if arguments.seeds and len(changes["seeds"]) == 1 and "," not in arguments.seeds[0]:
        changes["seeds"] = tuple(range(changes["seeds"][0]))
    if "strategies" in changes and "prior" not in changes["strategies"]:
        raise StudyError("--strategies: 'prior' must be among them, since every difference is taken from it")
    if arguments.latent_dim is not None:
        changes["model"] = dataclasses.replace(config.model, latent_dim=arguments.latent_dim)
    if arguments.features is not None:
        changes["features"] = arguments.features
    if arguments.steps is not None:
        changes["training"] = dataclasses.replace(config.training, steps=arguments.steps)
    return dataclasses.replace(config, **changes)


def _values(flag: str, given: Sequence[str], kind: type) -> tuple[Any, ...]:
    words = [word for item in given for word in item.split(",") if word]
    try:
        return tuple(kind(word) for word in words)
    except ValueError:
        raise StudyError(f"{flag}: expected {kind.__name__} values, got {' '.join(given)!r}") from None


def _run(arguments: argparse.Namespace) -> int:
    from study.environment import use_all_cores

    use_all_cores()
    from study.cells import Store, default_store
    from study.collect import collect
    from study.data import load_dataset
    from study.plan import make_plan
    from study.publish import publish
    from study.runner import execute

    given = arguments.experiment
    experiment = load_experiment(given) if isinstance(given, str) else given
    grids = experiment.grids(arguments.profile, arguments.dataset)
    data = load_dataset(grids[0].dataset)
    plans = [make_plan(configure(grid, arguments), data) for grid in grids]
    out = arguments.out or Path("results") / experiment.name / f"{data.name}-{arguments.profile}"
    store = Store(arguments.store or default_store())
    if arguments.dry_run:
        _dry_run(experiment, plans, store, out)
        return DONE
    if out.exists() and not out.is_dir():
        raise StudyError(f"--out {out}: is a file; give a folder")
    label = f"{experiment.name} on {data.name}"
    runs = []
    for plan in plans:
        runs.append(execute(plan, store, label=label, fail_fast=arguments.fail_fast))
        if runs[-1].failed and arguments.fail_fast:
            break
    results = collect(
        runs,
        experiment=experiment.name,
        question=experiment.question,
        profile=arguments.profile,
        command=shlex.join(["study", "run", experiment.name, *_what(arguments.flags)]),
    )
    tables = experiment.tables(results, data) if experiment.tables else {}
    answer, page = publish(results, out, experiment=experiment, tables=tables)
    seconds, memory = sum(run.seconds for run in runs), runs[-1].peak_memory_bytes / 2**20
    print(f"\n{answer}\n\nreport: {page}\nin {seconds:.0f} s, peak memory {memory:.0f} MiB")
    failed = [outcome for run in runs for outcome in run.failed]
    for outcome in failed:
        cell = outcome.planned.cell
        named = f"{outcome.planned.run_id} (α={cell.alpha:g}, β={cell.beta:g}, seed {cell.seed})"
        print(f"study: cell {named} failed: {outcome.reason}", file=sys.stderr)
    return SOME_FAILED if failed else DONE


def _what(flags: Sequence[str]) -> list[str]:
    """The flags that decide what is computed, without those that say where it is put."""
    kept, skip = [], False
    for flag in flags:
        place = flag.split("=")[0] in ("--out", "--store")
        if not skip and not place:
            kept.append(flag)
        skip = place and "=" not in flag
    return kept


def _dry_run(experiment: "Experiment", plans: "list[Plan]", store: "Store", out: Path) -> None:
    cells = [planned for plan in plans for planned in plan.cells]
    ready = sum(store.has("evaluate", planned.evaluate_key) for planned in cells)
    first = plans[0]
    print(f"{experiment.name}: {experiment.question}")
    print(
        f"{len(cells)} cells, {ready} of them done; {len(first.config.strategies)} strategies and reference rows"
    )
    print(
        f"dataset {first.data.name}: {len(first.data.train)} train, n = {first.n_samples} samples per strategy"
    )
    print(f"would write {out}")


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


def _list(arguments: argparse.Namespace) -> int:
    rows = listing(arguments.what)
    if arguments.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return DONE
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        print(f"{row['name']:<{width}}  {row['summary']}  [{row['source']}]")
    return DONE


def listing(what: str) -> list[dict[str, Any]]:
    """What `study list` shows: objects with at least name, summary and source."""
    if what == "strategies":
        from study.strategies import listing as strategies

        return strategies()
    if what == "datasets":
        from study.data import DATASETS

        return [
            {"name": n, "summary": entry.summary, "source": entry.source} for n, entry in DATASETS.items()
        ]
    if what == "models":
        from study.models import LISTING

        return list(LISTING)
    if what == "metrics":
        from study.metrics.registry import CONDITIONAL, LIKELIHOOD, metrics_for

        listed = (*metrics_for(sequences=True), *CONDITIONAL, *LIKELIHOOD)
        return [dataclasses.asdict(metric) for metric in listed]
    import ast

    found = []
    for path in sorted(Path("experiments").glob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text())) or ""
        found.append({"name": path.stem, "summary": text.partition("\n")[0], "source": str(path)})
    return found


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


def load_experiment(name: str) -> "Experiment":
    """The experiment of `experiments/NAME.py` below the current folder, or of a path.

    Raises:
        StudyError: there is no such file, or it declares no EXPERIMENT.
    """
    import importlib.util

    from study.experiment import Experiment

    path = Path(name) if name.endswith(".py") else Path("experiments") / f"{name}.py"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in Path("experiments").glob("*.py"))) or "none here"
        raise StudyError(f"experiment {name!r}: no file {path}; below this folder there are: {known}")
    spec = importlib.util.spec_from_file_location(f"experiment_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except StudyError:
        raise
    except Exception as error:
        raise StudyError(
            f"experiment {path}: does not load ({type(error).__name__}: {error}); mend the file"
        ) from error
    experiment = getattr(module, "EXPERIMENT", None)
    if not isinstance(experiment, Experiment):
        raise StudyError(f"experiment {path}: declares no EXPERIMENT = study.Experiment(...)")
    return experiment


if __name__ == "__main__":
    raise SystemExit(main())
