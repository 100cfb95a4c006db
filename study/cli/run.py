"""`study run`: plan, train what is missing, evaluate, write tables and report."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from study.cli.exits import DONE, SOME_FAILED
from study.cli.flags import configure_all
from study.errors import StudyError

if TYPE_CHECKING:
    from study.cells import Store
    from study.experiment import Experiment
    from study.plan import Plan


def run(arguments: argparse.Namespace) -> int:
    """Run an experiment; returns the exit code."""
    from study.environment import use_all_cores

    use_all_cores()
    from study.cells import Store, default_store
    from study.collect import collect
    from study.data import load_dataset
    from study.experiment import load_experiment
    from study.plan import make_plan
    from study.publish import publish
    from study.runner import execute

    given = arguments.experiment
    experiment = load_experiment(given) if isinstance(given, str) else given
    grids = experiment.grids(arguments.profile, arguments.dataset)
    data = load_dataset(grids[0].dataset)
    plans = [make_plan(config, data) for config in configure_all(grids, arguments)]
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
