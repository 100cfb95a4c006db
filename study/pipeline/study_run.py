"""A complete run of an experiment, from its name to its results folder, for `study run` and `study.run`."""

import contextlib
import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from study.config import StudyConfig
from study.data import DATASETS, Dataset, load_dataset
from study.errors import FileError, StudyError
from study.pipeline.executors import LOCAL, Executor
from study.pipeline.experiment import Experiment, Finished, load_experiment
from study.pipeline.finished import missing, remember, report_key, written
from study.pipeline.grids import configured, flags
from study.pipeline.plan import Plan, check_strategies, make_plan
from study.pipeline.store import Store, default_store
from study.runtime.environment import use_all_cores
from study.runtime.files import check_writable
from study.runtime.folders import is_ours
from study.runtime.limits import MAX_BYTES
from study.runtime.programs import kept_programs
from study.runtime.progress import stage
from study.runtime.shown import shown_command

if TYPE_CHECKING:  # which a run with nothing left to do need not load: they take longer than all that it does
    from study.pipeline.run import Run
    from study.tables.results import Results
    from study.training.model import TrainedModel


def run(
    experiment: str | Path | Experiment,
    *,
    profile: str = "default",
    dataset: str | None = None,
    out: str | Path | None = None,
    store: str | Path | None = None,
    force: bool = False,
    fail_fast: bool = False,
    max_bytes: int = MAX_BYTES,
    executor: str = "local",
    address: str = "",
    **changes: Any,
) -> "Results":
    """Run an experiment and read its results, like the command `study run`, with its flags as arguments.

    Args:
        experiment: a name (`study list experiments`), a path to a .py file, or an `Experiment`.
        profile: "smoke", "quick", "default" or "paper", if the experiment has it.
        dataset: a name or a path, instead of the experiment's own data set.
        out: the results folder; `results/EXPERIMENT/DATASET-PROFILE` by default.
        store: where trained models are stored; `$STUDY_STORE` or `.study` by default.
        force: write into `out` even if it holds files that this program did not write.
        fail_fast: stop at the first cell that fails.
        max_bytes: most unpacked data that is read from one file, in bytes.
        executor, address: who computes, as in `Executor`.
        changes: seeds (their number, or a sequence of them), alphas, betas, latent_dim, steps, strategies, features,
            and label, kind, scale, layout and size of own data.

    Returns:
        The tables of the results folder; a cell that failed has a row in `runs` with the reason.

    Raises:
        StudyError: an argument is invalid; raised before anything is trained.
    """
    use_all_cores()
    by = Executor(executor, address)
    given = {name: _plain(name, value) for name, value in changes.items()}
    prepared = prepare(
        experiment if isinstance(experiment, Experiment) else load_experiment(str(experiment)),
        profile=profile, dataset=dataset, changes=given, out=None if out is None else Path(out),
        store=None if store is None else Path(store), force=force, max_bytes=max_bytes,
    )  # fmt: skip
    named = {"profile": profile if profile != "default" else None, "dataset": dataset, **given}
    prepared.carry_out(typed=flags(named), fail_fast=fail_fast, executor=by)
    from study.tables.results import load_results

    return load_results(prepared.out)


def _plain(name: str, value: Any) -> Any:
    """A value as a flag would give it: sequences as tuples, a number of seeds as a range."""
    if name == "seeds" and isinstance(value, int):
        return range(value)
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str | range) else value


@dataclasses.dataclass(frozen=True, eq=False)
class FinishedRun:
    """The result of a run.

    Attributes:
        runs: the outcomes of each grid, as far as they were computed; none if there was nothing left to do.
        answer: the answer to the question in a sentence or two.
        page: the path of the report.
    """

    runs: "tuple[Run, ...]"
    answer: str
    page: Path


@dataclasses.dataclass(frozen=True, eq=False)
class PreparedRun:
    """A run that has not started, after every check that is possible before it."""

    experiment: Experiment
    profile: str
    data: Dataset
    plans: tuple[Plan, ...]
    store: Store
    out: Path

    @property
    def missing(self) -> int:
        """How many cells are missing from the store."""
        return sum(missing(plan, self.store) for plan in self.plans)

    def carry_out(
        self, *, typed: Sequence[str], fail_fast: bool = False, executor: Executor = LOCAL
    ) -> FinishedRun:
        """Train and measure what is missing, and write the results folder, unless it is written already.

        Args:
            typed: the flags of the command, for the provenance.
            fail_fast: stop at the first cell that fails.
            executor: who computes what is missing.

        Raises:
            FileError: the store or the results folder cannot be written.
        """
        command = shown_command(["study", "run", self.experiment.name, *typed])
        key = report_key(self.experiment, self.plans, profile=self.profile, command=command, out=self.out)
        if key and not self.missing and (found := written(self.store, key, self.out)):
            return FinishedRun((), *found)
        runs = self._executed(executor, fail_fast=fail_fast)
        answer, page = self._published(runs, command)
        if key and not self.missing:
            with contextlib.suppress(FileError):  # a store that cannot be written
                remember(self.store, key, self.out, answer)
        return FinishedRun(tuple(runs), answer, page)

    def _published(self, runs: "Sequence[Run]", command: str) -> tuple[str, Path]:
        """Write the results folder; returns the answer in a sentence, and the path of the page."""
        from study.pipeline.publish import publish
        from study.pipeline.tabulate import tabulate
        from study.tables.rounding import drawn

        label = f"{self.experiment.name} on {self.data.name}"
        with stage(f"{label}: tables"):
            results = tabulate(
                runs,
                experiment=self.experiment.name,
                question=self.experiment.question,
                profile=self.profile,
                command=command,
            )
            finished = Finished(results, self.data, self._models)
            tables = self.experiment.tables(finished) if self.experiment.tables else {}
            samples = self.experiment.samples(finished) if self.experiment.samples else {}
            own = {name: drawn(x) for name, x in samples.items()}
            results = dataclasses.replace(results, samples={**results.samples, **own})
        with stage(f"{label}: figures and report"):
            return publish(results, self.out, experiment=self.experiment, tables=tables)

    def _models(self, config: StudyConfig) -> "Mapping[str, TrainedModel]":
        """The trained models of a grid, by `run_id`; what is not in the store is trained first."""
        from study.pipeline.run import trained

        own = config.dataset == self.plans[0].config.dataset
        data = self.data if own else load_dataset(config.dataset)
        return trained(make_plan(config, data), self.store, label=f"{self.experiment.name} on {data.name}")

    def _executed(self, executor: Executor, *, fail_fast: bool) -> "list[Run]":
        from study.pipeline.run import execute

        if self.missing:
            self.store.prepare()
        label = f"{self.experiment.name} on {self.data.name}"
        runs: list[Run] = []
        with kept_programs(self.store.programs) if self.missing else contextlib.nullcontext():
            for plan in self.plans:
                runs.append(execute(plan, self.store, label=label, fail_fast=fail_fast, executor=executor))
                if runs[-1].failed and fail_fast:
                    break
        return runs


def prepare(
    experiment: Experiment,
    *,
    profile: str,
    dataset: str | None,
    changes: Mapping[str, Any],
    out: Path | None,
    store: Path | None,
    force: bool,
    max_bytes: int,
) -> PreparedRun:
    """Check the arguments of `run`, and plan the run.

    Raises:
        StudyError: an argument is invalid, or a folder cannot be written.
    """
    grids = experiment.grids(profile, dataset)
    made = configured(grids, changes)
    check_strategies(made)
    data = load_dataset(made[0].dataset, max_bytes=max_bytes, **dataclasses.asdict(made[0].data))
    plans = tuple(make_plan(config, data) for config in made)
    out = out or default_folder(experiment, grids[0].dataset, data, profile)
    prepared = PreparedRun(experiment, profile, data, plans, Store(store or default_store()), out)
    _check_places(prepared, force=force)
    return prepared


def default_folder(experiment: Experiment, dataset: str, data: Dataset, profile: str) -> Path:
    """The default results folder, named by data set and profile; a user's own data also by a digest of the content."""
    name = data.name
    if dataset not in DATASETS:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:60].strip("._") or "data"
        name = f"{plain}-{data.fingerprint[:8]}"
    return Path("results") / experiment.name / f"{name}-{profile}"


def _check_places(prepared: PreparedRun, *, force: bool) -> None:
    """Check that the results folder and, if something is missing, the store can be written.

    Raises:
        StudyError: they cannot, or `out` holds files that this program did not write.
    """
    out = prepared.out
    if not out.is_dir() and out.exists():
        raise StudyError(f"--out {out}: is a file; give a folder")
    if not force and not is_ours(out):
        raise StudyError(
            f"--out {out}: holds files that this program did not write; give another folder, or --force to keep them "
            "and write beside them"
        )
    if prepared.missing:
        check_writable(prepared.store.folder)
    check_writable(out)
