"""An experiment: a question, frozen configurations for each profile, and additions to its report."""

import dataclasses
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from study.config import StudyConfig
from study.data.base import Dataset
from study.errors import StudyError
from study.pipeline.experiment_files import experiment_file, installed_file, is_name
from study.runtime.checks import said

if TYPE_CHECKING:  # which a run with nothing left to do need not load
    import numpy as np
    import pandas as pd

    from study.report.findings import Findings
    from study.tables.results import Results
    from study.training.model import TrainedModel


class Finished(NamedTuple):
    """What a run has at its end, and a report made later from its tables has not.

    Attributes:
        results: the tables.
        data: the data set.
        models: the trained models of a grid by `run_id`, of one that the experiment does not declare too; what is not
            in the store is trained first.
    """

    results: "Results"
    data: Dataset
    models: "Callable[[StudyConfig], Mapping[str, TrainedModel]]"


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One question, which a grid of trained models answers.

    Attributes:
        name: name of the file and of the results folder.
        question: the question, one sentence.
        profiles: the grids of each profile, usually one; a key "profile/dataset" takes precedence for that data set.
        findings: makes the experiment's own answer, figures and sections, with every verdict in them, from the stored
            tables, whenever a report is written; None for the general report only.
        tables: facts that only the data set or the models can tell, by file stem, without verdicts; made at the end of
            a run, written as CSV and given to `findings`. None for most experiments.
        samples: arrays that only the models can give, such as pictures; made at the end of a run and stored among
            `Results.samples` under the names "<run_id>/<experiment's own>/<...>". None for most experiments.
        source: the file that it was loaded from; what a run has written is known by the code in that folder too.
    """

    name: str
    question: str
    profiles: Mapping[str, StudyConfig | tuple[StudyConfig, ...]]
    findings: "Callable[[Results, Mapping[str, pd.DataFrame]], Findings] | None" = None
    tables: "Callable[[Finished], Mapping[str, pd.DataFrame]] | None" = None
    samples: "Callable[[Finished], Mapping[str, np.ndarray]] | None" = None
    source: Path | None = None

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise StudyError(
                f"experiment: name {self.name!r} cannot name a folder; use letters, digits, '_' and '-', at most 100"
            )

    def grids(self, profile: str, dataset: str | None = None) -> tuple[StudyConfig, ...]:
        """The grids of a profile, for the experiment's own data set or another one.

        Raises:
            StudyError: no such profile.
        """
        found = self.profiles.get(f"{profile}/{dataset}") or self.profiles.get(profile)
        if found is None or "/" in profile:
            known = ", ".join(dict.fromkeys(name.split("/")[0] for name in self.profiles))
            raise StudyError(f"experiment {self.name!r} has no profile {profile!r}; it has {known}")
        grids = (found,) if isinstance(found, StudyConfig) else found
        return grids if dataset is None else tuple(dataclasses.replace(g, dataset=dataset) for g in grids)


def load_experiment(name: str) -> Experiment:
    """The experiment in `experiments/NAME.py` below the current folder, else the installed one; or in a given .py file.

    Raises:
        StudyError: there is no such file, it does not load, or it declares no EXPERIMENT.
    """
    path = experiment_file(name)
    if path is None:
        raise StudyError(
            f"experiment {name!r}: no file experiments/{Path(name).name.removesuffix('.py')}.py, and none of that name "
            "is installed; `study list experiments` lists them"
        )
    return _load(path)


def installed_experiment(name: Any) -> Experiment | None:
    """The installed experiment with this bare name; None for any other value, which a results folder may contain."""
    path = installed_file(name)
    return None if path is None else _load(path)


def _load(path: Path) -> Experiment:
    spec = importlib.util.spec_from_file_location(f"experiment_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except StudyError:
        raise
    except (Exception, SystemExit) as error:
        raise StudyError(
            f"experiment {path}: does not load ({type(error).__name__}: {said(error)}); mend the file"
        ) from error
    experiment = getattr(module, "EXPERIMENT", None)
    if not isinstance(experiment, Experiment):
        raise StudyError(f"experiment {path}: declares no EXPERIMENT = study.Experiment(...)")
    return dataclasses.replace(experiment, source=path)
