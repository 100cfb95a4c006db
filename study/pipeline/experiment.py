"""An experiment: a question, one frozen configuration per profile, and what its report adds."""

import dataclasses
import importlib.util
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from study.config import StudyConfig
from study.data.base import Dataset
from study.errors import StudyError
from study.report.findings import Findings
from study.runtime.checks import said
from study.tables.results import Results

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


@dataclasses.dataclass(frozen=True)
class Experiment:
    """One question, put to a grid of trained models.

    Attributes:
        name: of the file and of the results folder.
        question: what is asked, one sentence.
        profiles: the grids of each profile, most often one; a key "profile/dataset" is preferred where it fits.
        findings: the experiment's own answer and sections, from tables alone; None uses the general report only.
        tables: extra tables that need the data set, by file stem; written as CSV and given to `findings`.
    """

    name: str
    question: str
    profiles: Mapping[str, StudyConfig | tuple[StudyConfig, ...]]
    findings: Callable[[Results, Mapping[str, pd.DataFrame]], Findings] | None = None
    tables: Callable[[Results, Dataset], Mapping[str, pd.DataFrame]] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise StudyError(
                f"experiment: name {self.name!r} names a folder; take letters, digits, '_' and '-', at most 100"
            )

    def grids(self, profile: str, dataset: str | None = None) -> tuple[StudyConfig, ...]:
        """The grids of a profile, for its own data set or another one.

        Raises:
            StudyError: no such profile.
        """
        found = self.profiles.get(f"{profile}/{dataset}") or self.profiles.get(profile)
        if found is None or "/" in profile:
            known = ", ".join(dict.fromkeys(name.split("/")[0] for name in self.profiles))
            raise StudyError(f"experiment {self.name!r} has no profile {profile!r}; it has {known}")
        grids = (found,) if isinstance(found, StudyConfig) else found
        return grids if dataset is None else tuple(dataclasses.replace(g, dataset=dataset) for g in grids)


INSTALLED = (
    Path(__file__).parents[2] / "experiments"
)  # beside the package, in a checkout and where it is installed


def load_experiment(name: str) -> Experiment:
    """The experiment of `experiments/NAME.py` below the current folder, else the installed one; or of a path to a .py.

    Raises:
        StudyError: there is no such file, it does not load, or it declares no EXPERIMENT.
    """
    if name.endswith(".py"):
        return _load(Path(name), name)
    path = Path("experiments") / f"{name}.py"
    own = _NAME.fullmatch(name) is not None and path.is_file()
    return _load(path if own else INSTALLED / path.name, name)


def installed_experiment(name: Any) -> Experiment | None:
    """The installed experiment of that bare name; None for whatever else a results folder may hold in its place."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not (INSTALLED / f"{name}.py").is_file():
        return None
    return _load(INSTALLED / f"{name}.py", name)


def _load(path: Path, name: str) -> Experiment:
    if not path.is_file():
        raise StudyError(
            f"experiment {name!r}: no file {Path('experiments') / path.name}, and none of that name is installed; "
            "`study list experiments` says what there is"
        )
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
    return experiment
