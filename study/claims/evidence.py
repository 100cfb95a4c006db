"""What one experiment measured on one data set, as the tests of claims read it: place by place."""

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from study.statistics.gaps import Gaps, gaps
from study.statistics.scores import Scores, scores
from study.tables.names import MODEL
from study.tables.results import Results, extra_tables, load_results

# What tells models apart that are never averaged; those that differ in their seed alone are at one place.
PLACE = [
    *("family", "family_settings", "decode", "network", "hidden", "likelihood", "latent_dim", "n_train"),
    *("alpha", "beta", "noise_variance"),
]
PROFILES = ("paper", "default")  # of results that count, in order of preference


@dataclasses.dataclass(frozen=True, eq=False)
class Evidence:
    """The tables of one experiment on one data set; `metrics`, `latents` and `draws` with the columns of `PLACE`.

    Attributes:
        experiment, dataset: their names.
        folder: the results folder as a reader types it.
        runs, metrics, latents, draws: as in `Results`.
        own: the tables that the experiment added, by name; those about single models with the columns of `PLACE` too.
    """

    experiment: str
    dataset: str
    folder: str
    runs: pd.DataFrame
    metrics: pd.DataFrame
    latents: pd.DataFrame
    draws: pd.DataFrame
    own: Mapping[str, pd.DataFrame] = dataclasses.field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        """`latents`, `draws`, or one of the experiment's own tables; empty if there is none."""
        known = {"latents": self.latents, "draws": self.draws, **self.own}
        return known.get(name, pd.DataFrame(columns=[*PLACE, "seed"]))

    @functools.cached_property
    def models(self) -> pd.DataFrame:
        """A row per trained model: the columns of `PLACE`, seed, and the measurements of the model by name."""
        rows = self.metrics[(self.metrics["strategy"] == MODEL) & (self.metrics["status"] == "ok")]
        wide = rows.pivot_table(index="run_id", columns="metric", values="value", aggfunc="mean")
        return self.runs.set_index("run_id")[[*PLACE, "seed"]].join(wide, how="inner")

    @functools.cache  # noqa: B019  they live as long as the command
    def scored(self, metric: str) -> tuple["Scored", ...]:
        """The scores of one metric at every place."""
        rows = self.metrics[self.metrics["metric"] == metric]
        return tuple(
            Scored(place, of, gaps(of) if of.better != "none" else None)
            for place, own in each_place(rows)
            for of in scores(own)
        )


@dataclasses.dataclass(frozen=True, eq=False)
class Scored:
    """The scores of one metric at one place, and the shares of the gap closed there, if it has a better direction."""

    place: Mapping[str, Any]
    scores: Scores
    gaps: Gaps | None

    @property
    def state(self) -> str:
        """Whether the metric can show an effect here, and why not."""
        return self.gaps.states[0] if self.gaps else "no better direction"

    def share(self, strategy: str) -> np.ndarray | None:
        """`[S, E]`: contributions to the share of the gap that a strategy closes; zero for the prior itself."""
        return self._own(strategy, self.gaps.shares) if self.gaps else None

    def value(self, strategy: str) -> np.ndarray | None:
        """`[S, E]`: the values of a strategy."""
        return self._own(strategy, self.scores.values)

    def cost(self, strategy: str) -> np.ndarray | None:
        """`[S, E]`: the costs of a strategy, of which less is better."""
        return self._own(strategy, self.scores.costs)

    def _own(self, strategy: str, values: np.ndarray) -> np.ndarray | None:
        names = self.scores.strategies
        return values[names.index(strategy), 0] if strategy in names else None


def each_place(rows: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Each place, and its rows."""
    for key, own in rows.groupby(PLACE, sort=False, dropna=False):
        yield dict(zip(PLACE, key, strict=True)), own


def evidence(
    results: Results,
    *,
    experiment: str,
    dataset: str,
    folder: str = "",
    own: Mapping[str, pd.DataFrame] | None = None,
) -> Evidence:
    """The evidence in the tables of a results folder.

    Args:
        results: its tables.
        experiment, dataset: their names.
        folder: the folder as a reader types it.
        own: the tables that the experiment added.
    """
    runs = results.runs
    known = [*PLACE, "seed"]

    def placed(table: pd.DataFrame) -> pd.DataFrame:
        bare = table.drop(columns=[name for name in known if name in table])
        return bare.merge(runs[["run_id", *known]], on="run_id", how="left", validate="many_to_one")

    metrics, latents, draws = (placed(table) for table in (results.metrics, results.latents, results.draws))
    more = {name: placed(t) if "run_id" in t else t for name, t in (own or {}).items()}
    return Evidence(experiment, dataset, folder, runs, metrics, latents, draws, more)


def find(root: Path, experiments: Iterable[str]) -> dict[tuple[str, str], Path]:
    """The results folders below `root` by experiment and data set; of several profiles the first of `PROFILES`."""
    found: dict[tuple[str, str], Path] = {}
    for experiment in experiments:
        for profile in PROFILES:
            for path in sorted((root / experiment).glob(f"*-{profile}")):
                if path.is_dir():
                    found.setdefault((experiment, path.name.removesuffix(f"-{profile}")), path)
    return found


def read(path: Path, *, experiment: str, dataset: str) -> Evidence:
    """The evidence in a results folder.

    Raises:
        StudyError: it is none, or was altered.
    """
    results = load_results(path)
    own = extra_tables(path, results.provenance)
    folder = f"{experiment}/{path.name}"
    return evidence(results, experiment=experiment, dataset=dataset, folder=folder, own=own)
