"""`study run`: plan, train what is missing, evaluate, write tables and report."""

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from study.cli.exits import DONE, SOME_FAILED
from study.cli.flags import configure_all, max_bytes
from study.cli.parsing import one_line
from study.errors import StudyError
from study.runtime.files import check_writable
from study.runtime.folders import is_ours
from study.runtime.shown import shown_command

if TYPE_CHECKING:
    from study.data import Dataset
    from study.pipeline.experiment import Experiment
    from study.pipeline.plan import Plan
    from study.pipeline.run import Run
    from study.pipeline.store import Store


def run(arguments: argparse.Namespace) -> int:
    """Run an experiment; returns the exit code. What can be known to be wrong is said before anything is trained."""
    from study.runtime.environment import use_all_cores

    use_all_cores()
    from study.data import load_dataset
    from study.pipeline.experiment import load_experiment
    from study.pipeline.plan import check_strategies, make_plan
    from study.pipeline.publish import publish
    from study.pipeline.store import Store, default_store
    from study.pipeline.tabulate import tabulate

    given = arguments.experiment
    experiment = load_experiment(given) if isinstance(given, str) else given
    grids = experiment.grids(arguments.profile, arguments.dataset)
    configured = configure_all(grids, arguments)
    check_strategies(configured)
    data = load_dataset(grids[0].dataset, max_bytes=max_bytes(arguments))
    plans = [make_plan(config, data) for config in configured]
    out = arguments.out or default_folder(experiment, grids[0].dataset, data, arguments.profile)
    store = Store(arguments.store or default_store())
    _check_places(plans, store, out, force=arguments.force)
    if arguments.dry_run:
        _dry_run(experiment, plans, store, out)
        return DONE
    runs = _execute(plans, store, label=f"{experiment.name} on {data.name}", fail_fast=arguments.fail_fast)
    results = tabulate(
        runs,
        experiment=experiment.name,
        question=experiment.question,
        profile=arguments.profile,
        command=shown_command(["study", "run", experiment.name, *arguments.flags]),
    )
    tables = experiment.tables(results, data) if experiment.tables else {}
    answer, page = publish(results, out, experiment=experiment, tables=tables)
    seconds, memory = sum(run.seconds for run in runs), runs[-1].peak_memory_bytes / 2**20
    trained, scored = (sum(getattr(run.count, name) for run in runs) for name in ("trained", "scored"))
    print(f"\n{answer}\n\nreport: {page}\nin {seconds:.0f} s, peak memory {memory:.0f} MiB")
    print(f"this run: trained {trained}, scored {scored}")
    return _failures(runs)


def default_folder(experiment: "Experiment", dataset: str, data: "Dataset", profile: str) -> Path:
    """Where results go: the data set's name and the profile; a user's own data are told apart by their content."""
    from study.data import DATASETS

    name = data.name
    if dataset not in DATASETS:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:60].strip("._") or "data"
        name = f"{plain}-{data.fingerprint[:8]}"
    return Path("results") / experiment.name / f"{name}-{profile}"


def _check_places(plans: "list[Plan]", store: "Store", out: Path, *, force: bool) -> None:
    """Whether results and what is missing can be written where they are to go.

    Raises:
        StudyError: they cannot, or `out` holds what this program did not write.
    """
    from study.pipeline.run import missing

    if not out.is_dir() and out.exists():
        raise StudyError(f"--out {out}: is a file; give a folder")
    if not force and not is_ours(out):
        raise StudyError(
            f"--out {out}: holds what this program did not write; give another folder, or --force to write beside it"
        )
    if any(missing(plan, store) for plan in plans):
        check_writable(store.folder)
    check_writable(out)


def _execute(plans: "list[Plan]", store: "Store", *, label: str, fail_fast: bool) -> "list[Run]":
    from study.pipeline.run import execute, missing

    if any(missing(plan, store) for plan in plans):
        store.prepare()
    runs: list[Run] = []
    for plan in plans:
        runs.append(execute(plan, store, label=label, fail_fast=fail_fast))
        if runs[-1].failed and fail_fast:
            break
    return runs


def _failures(runs: "list[Run]") -> int:
    """Say which cells failed and why; returns the exit code."""
    failed = [outcome for run in runs for outcome in run.failed]
    for outcome in failed:
        cell = outcome.planned.cell
        named = f"{outcome.planned.run_id} (α={cell.alpha:g}, β={cell.beta:g}, seed {cell.seed})"
        print(f"study: cell {named} failed: {one_line(outcome.failure)}", file=sys.stderr)
    return SOME_FAILED if failed else DONE


def _dry_run(experiment: "Experiment", plans: "list[Plan]", store: "Store", out: Path) -> None:
    from study.pipeline.run import missing

    cells, first = sum(len(plan.cells) for plan in plans), plans[0]
    done = cells - sum(missing(plan, store) for plan in plans)
    print(f"{experiment.name}: {experiment.question}")
    print(f"{cells} cells, {done} of them done; {len(first.config.strategies)} strategies and reference rows")
    print(
        f"dataset {first.data.name}: {len(first.data.train)} train, n = {first.n_samples} samples per strategy"
    )
    print(f"would write {out}")
