"""From tidy rows to dense arrays: the scores of one metric, strategies × settings × training seeds."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd

from study.statistics.replicates import GRID, by_model


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
        values: `[A, K, S]`, means over fits and draws; NaN where there is no score.
        errors: `[A, K, S]`, standard errors over samples, the root of the mean square.
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
        """`[A, K, S]`: the distance from the best value, taken per setting and seed before anything is averaged."""
        return distance_from_best(self.values, self.better)

    def cost(self, strategy: str) -> np.ndarray:
        """`[K, S]`: the cost of one strategy; NaN if it has no scores."""
        if strategy not in self.strategies:
            return np.full(self.values.shape[1:], np.nan)
        return self.costs[self.strategies.index(strategy)]


def scores(metrics: pd.DataFrame) -> Iterator[Scores]:
    """The scores of every kind of model and metric, from rows of `Results.metrics` with the configuration columns."""
    for kind, own in by_model(metrics[metrics["status"] == "ok"]):
        for metric, rows in own.groupby("metric", sort=False):
            first = rows.iloc[0]
            yield Scores(
                *kind,
                str(metric),
                str(first["better"]),
                str(first["reference"]),
                int(first["n"]),
                *_dense(rows),
            )


def _dense(
    rows: pd.DataFrame,
) -> tuple[tuple[str, ...], tuple[tuple[float, float, float], ...], np.ndarray, np.ndarray, np.ndarray]:
    names, strategies = pd.factorize(rows["strategy"])
    settings = rows[GRID].drop_duplicates()
    place = rows.groupby(GRID, sort=False, dropna=False).ngroup()
    seed, seeds = pd.factorize(rows["seed"], sort=True)
    square = rows["stderr"].to_numpy(np.float64) ** 2
    table = (
        pd.DataFrame({"value": rows["value"].to_numpy(np.float64), "square": square})
        .groupby([names, place.to_numpy(), seed])
        .mean()
    )
    index = tuple(table.index.to_frame().to_numpy(np.intp).T)
    shape = (len(strategies), len(settings), len(seeds))
    values, errors = np.full((2, *shape), np.nan)
    values[index] = table["value"]
    errors[index] = np.sqrt(table["square"])
    triples = tuple((float(a), float(b), float(s)) for a, b, s in settings.itertuples(index=False, name=None))
    return tuple(map(str, strategies)), triples, np.asarray(seeds), values, errors
