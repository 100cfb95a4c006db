"""`study run`: the flags, the plan of a dry run, and what is printed at the end."""

import argparse
import sys
import time
from typing import TYPE_CHECKING

from study.cli.exits import DONE, SOME_FAILED
from study.cli.flags import changes, max_bytes, written
from study.cli.parsing import one_line

if TYPE_CHECKING:
    from study.pipeline.run import Run
    from study.pipeline.study_run import FinishedRun, PreparedRun


def run(arguments: argparse.Namespace) -> int:
    """Run an experiment; returns the exit code. Wrong input is reported before anything is trained."""
    began = time.perf_counter()
    from study.runtime.environment import use_all_cores

    use_all_cores()
    from study.pipeline.executors import Executor
    from study.pipeline.experiment import load_experiment
    from study.pipeline.study_run import prepare

    executor, given = Executor(arguments.executor, arguments.address), arguments.experiment
    prepared = prepare(
        load_experiment(given) if isinstance(given, str) else given,
        profile=arguments.profile,
        dataset=arguments.dataset,
        changes=changes(arguments),
        out=arguments.out,
        store=arguments.store,
        force=arguments.force,
        max_bytes=max_bytes(arguments),
    )
    if prepared.data.read_as and arguments.dataset is not None:
        print(one_line(f"{prepared.data.name}: read as {prepared.data.read_as}"), file=sys.stderr)
    if arguments.dry_run:
        _plan(prepared)
        return DONE
    finished = prepared.carry_out(typed=written(arguments), fail_fast=arguments.fail_fast, executor=executor)
    _end(finished, time.perf_counter() - began)
    return _failures(finished.runs)


def _plan(prepared: "PreparedRun") -> None:
    experiment, plans = prepared.experiment, prepared.plans
    cells, first = sum(len(plan.cells) for plan in plans), plans[0]
    print(f"{experiment.name}: {experiment.question}")
    print(
        f"{cells} cells, {cells - prepared.missing} of them done; "
        f"{len(first.config.strategies)} strategies and reference rows"
    )
    print(
        f"dataset {first.data.name}: {len(first.data.train)} train, n = {first.n_samples} samples per strategy"
    )
    print(f"would write {prepared.out}")


def _end(finished: "FinishedRun", seconds: float) -> None:
    from study.runtime.environment import peak_memory

    runs = finished.runs
    memory = max((run.peak_memory_bytes for run in runs), default=peak_memory()) / 2**20
    trained, scored = (sum(getattr(run.count, name) for run in runs) for name in ("trained", "scored"))
    kept = "" if runs else ", which the last run of this command wrote: nothing was left to do"
    print(
        f"\n{finished.answer}\n\nreport: {finished.page}{kept}\nin {seconds:.0f} s, peak memory {memory:.0f} MiB"
    )
    print(f"this run: trained {trained}, scored {scored}")


def _failures(runs: "tuple[Run, ...]") -> int:
    """Say which cells failed and why; returns the exit code."""
    failed = [outcome for run in runs for outcome in run.failed]
    for outcome in failed:
        cell = outcome.planned.cell
        named = f"{outcome.planned.run_id} (α={cell.alpha:g}, β={cell.beta:g}, seed {cell.seed})"
        print(f"study: cell {named} failed: {one_line(outcome.failure)}", file=sys.stderr)
    return SOME_FAILED if failed else DONE
