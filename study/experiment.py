"""An experiment: a question, one frozen configuration per profile, and what its report adds."""

import dataclasses
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from study.config import StudyConfig
from study.data.base import Dataset
from study.errors import StudyError
from study.results import Results


@dataclasses.dataclass(frozen=True)
class Section:
    """What an experiment adds to its report: a title, a text, and a table or a figure or both."""

    title: str
    text: str
    table: pd.DataFrame | None = None
    figure: Figure | None = None


@dataclasses.dataclass(frozen=True)
class Findings:
    """The answer in a sentence or two, and the sections that show it."""

    answer: str
    sections: tuple[Section, ...] = ()


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

    def grids(self, profile: str, dataset: str | None = None) -> tuple[StudyConfig, ...]:
        """The grids of a profile, for its own data set or another one.

        Raises:
            StudyError: no such profile.
        """
        found = self.profiles.get(f"{profile}/{dataset}") or self.profiles.get(profile)
        if found is None:
            known = ", ".join(self.profiles)
            raise StudyError(f"experiment {self.name!r} has no profile {profile!r}; it has {known}")
        grids = (found,) if isinstance(found, StudyConfig) else found
        return grids if dataset is None else tuple(dataclasses.replace(g, dataset=dataset) for g in grids)


def load_experiment(name: str) -> Experiment:
    """The experiment of `experiments/NAME.py` below the current folder, or of a path.

    Raises:
        StudyError: there is no such file, or it declares no EXPERIMENT.
    """
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
