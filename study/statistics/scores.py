"""From tidy rows to dense arrays: the scores of one metric, strategies × settings × training seeds × evaluations."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from study.statistics.replicates import EVALUATION, GRID, by_model


def distance_from_best(value: np.ndarray, better: str) -> np.ndarray:
    """A cost, of which less is better: value, −value, or |value − 1|."""
    return {"lower": value, "higher": -value, "one": np.abs(value - 1)}[better]


@dataclasses.dataclass(frozen=True, eq=False)
class Scores:
    """The scores of one metric on models of one kind.

    Attributes:
        family, family_settings, decode: the kind of model and of x, as in `schemas.RUNS`.
        metric, better, reference, n: as in `schemas.METRICS`.
        strategies: A names.
        settings: K triples (α, β, s).
        seeds: `[S]` training seeds.
        values: `[A, K, S, E]`, means over fits and draws under each evaluation; NaN where there is no score.
        errors: `[A, K, S, E]`, standard errors over samples, the root of the mean square.
    """

    family: str
    family_settings: str
    decode: str
    metric: str
    better: str
    reference: str
    n: int
    strategies: tuple[str, ...]
    settings: tuple[tuple[float, float, float], ...]
    seeds: np.ndarray
    values: np.ndarray
    errors: np.ndarray

    @property
    def costs(self) -> np.ndarray:
        """`[A, K, S, E]`: the distance from the best value, taken for each score before anything is averaged."""
        return distance_from_best(self.values, self.better)

    def cost(self, strategy: str) -> np.ndarray:
        """`[K, S, E]`: the cost of one strategy; NaN if it has no scores."""
        if strategy not in self.strategies:
            return np.full(self.values.shape[1:], np.nan)
        return self.costs[self.strategies.index(strategy)]


def scores(metrics: pd.DataFrame) -> Iterator[Scores]:
    """The scores of every kind of model and metric, from rows of `Results.metrics` with the configuration columns."""
    for kind, own in by_model(metrics[metrics["status"] == "ok"]):
        facts = own.groupby("metric", sort=False)[["better", "reference", "n"]].first().to_dict("index")
        for metric, rows in _means(own).groupby("metric", sort=False):
            of = facts[metric]
            known = str(of["better"]), str(of["reference"]), int(of["n"])
            yield Scores(*kind, str(metric), *known, **_dense(rows))


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    """Means of values and squared errors over fits and draws, and the number of the setting."""
    rows = rows if EVALUATION in rows else rows.assign(**{EVALUATION: 0})
    by = ["metric", "strategy", *GRID, "seed", EVALUATION]
    square = rows["stderr"].to_numpy(np.float64) ** 2
    table = rows[[*by, "value"]].assign(square=square)
    table = table.groupby(by, sort=False, dropna=False).mean().reset_index()
    return table.assign(setting=table.groupby(GRID, sort=False, dropna=False).ngroup())


def _dense(rows: pd.DataFrame) -> dict[str, Any]:
    """Strategies, settings, seeds, values and errors, as in `Scores`."""
    triples = rows.loc[~rows["setting"].duplicated(), GRID].to_numpy(np.float64).tolist()
    (a, strategies), (k, _) = pd.factorize(rows["strategy"]), pd.factorize(rows["setting"])
    s, seeds = pd.factorize(rows["seed"], sort=True)
    e, evaluations = pd.factorize(rows[EVALUATION], sort=True)
    values, errors = np.full((2, len(strategies), len(triples), len(seeds), len(evaluations)), np.nan)
    values[a, k, s, e] = rows["value"]
    errors[a, k, s, e] = np.sqrt(rows["square"])
    return {
        "strategies": tuple(map(str, strategies)), "settings": tuple(map(tuple, triples)),
        "seeds": np.asarray(seeds), "values": values, "errors": errors,
    }  # fmt: skip
