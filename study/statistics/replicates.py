"""From tidy rows to the replicates of each comparison: training runs × fits × draws."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd
from jaxtyping import Float, Int, Integer

BASELINE = "prior"
GRID = ["alpha", "beta", "noise_variance"]
# Columns that are never averaged over, with the value that is assumed if a frame lacks the column.
KIND = {"family": "vae", "family_settings": "", "decode": "mean"}


def paired_differences(metrics: pd.DataFrame, *, baseline: str = BASELINE) -> pd.DataFrame:
    """value(strategy) − value(baseline) on the same run, fit, draw and metric: the frame with a `difference` column.

    Rows without a baseline get NaN.
    """
    on = ["run_id", "fit", "draw", "metric"]
    base = metrics.loc[metrics["strategy"] == baseline, [*on, "value"]]
    joined = metrics.merge(base, on=on, how="left", suffixes=("", "_baseline"), validate="many_to_one")
    joined["difference"] = joined["value"] - joined["value_baseline"]
    return joined.drop(columns="value_baseline")


def by_model(metrics: pd.DataFrame) -> Iterator[tuple[tuple[str, str, str], pd.DataFrame]]:
    """(family, family_settings, decode) and the rows of each kind of model, in order of appearance."""
    columns = [name for name in KIND if name in metrics]
    if not columns or metrics.empty:
        yield (KIND["family"], KIND["family_settings"], KIND["decode"]), metrics
        return
    for key, rows in metrics.groupby([metrics[name].fillna(KIND[name]) for name in columns], sort=False):
        found = KIND | dict(zip(columns, map(str, key), strict=True))
        yield (found["family"], found["family_settings"], found["decode"]), rows


@dataclasses.dataclass(frozen=True, eq=False)
class Replicates:
    """All replicates of one strategy and metric, for one kind of model, at one setting or averaged over the grid.

    Attributes:
        family, family_settings, decode: the kind of model and of x, as in `schemas.RUNS`.
        setting: (α, β, s), or None for the average over the grid.
        strategy, metric, better, reference, n: as in `schemas.METRICS`.
        seeds: of the S training runs.
        values, differences: with NaN for missing values; differences are paired with `prior`.
    """

    family: str
    family_settings: str
    decode: str
    setting: tuple[float, float, float] | None
    strategy: str
    metric: str
    better: str
    reference: str
    n: int
    seeds: Integer[np.ndarray, " S"]
    values: Float[np.ndarray, "S fits draws"]
    differences: Float[np.ndarray, "S paired_fits paired_draws"]


def replicates(metrics: pd.DataFrame, *, average: bool = True) -> Iterator[Replicates]:
    """Every strategy and metric at every (α, β), then, with `average`, averaged over the grid; kind by kind of model.

    A seed that failed in one setting is left out of the average. If some fits or draws are missing, each training run
    enters with the mean of those present, whose noise then becomes part of the spread over runs.
    """
    for model, rows in by_model(metrics[metrics["status"] == "ok"]):
        if not rows.empty:
            yield from _of_one(model, paired_differences(rows), average=average)


def _of_one(model: tuple[str, str, str], frame: pd.DataFrame, *, average: bool) -> Iterator[Replicates]:
    """The replicates of one kind of model."""
    facts = frame.groupby(["strategy", "metric"], sort=False)[["better", "reference", "n"]].first()
    settings = list(frame[GRID].drop_duplicates().itertuples(index=False, name=None))
    values, differences = _dense(frame)
    seeds = np.sort(frame["seed"].unique())
    for cell in [*range(len(settings)), None] if average else range(len(settings)):
        setting = None if cell is None else settings[cell]
        chosen = slice(None) if cell is None else slice(cell, cell + 1)
        for row, ((strategy, metric), (better, reference, n)) in enumerate(
            zip(facts.index, facts.itertuples(index=False, name=None), strict=True)
        ):
            made = _balanced(values[row, chosen], differences[row, chosen])
            if made is not None:
                kept, own, paired = made
                yield Replicates(
                    *model,
                    setting,
                    strategy,
                    metric,
                    str(better),
                    reference,
                    int(n),
                    seeds[kept],
                    own,
                    paired,
                )


def _dense(
    frame: pd.DataFrame,
) -> tuple[
    Float[np.ndarray, "rows settings seeds fits draws"], Float[np.ndarray, "rows settings seeds fits draws"]
]:
    """Values and differences `[strategy and metric, setting, seed, fit, draw]`, NaN for missing rows."""
    parts = [
        frame.groupby(["strategy", "metric"], sort=False).ngroup(),
        frame.groupby(GRID, sort=False, dropna=False).ngroup(),
        *(frame.groupby(name, sort=True).ngroup() for name in ("seed", "fit", "draw")),
    ]
    index = pd.concat(parts, axis=1, keys=range(len(parts)))
    table = frame[["value", "difference"]].groupby([index[c] for c in index]).mean()
    place = table.index.to_frame().to_numpy(np.intp).T
    made = np.full((2, *(index.max() + 1)), np.nan)
    made[(slice(None), *place)] = table.to_numpy(np.float64).T
    return made[0], made[1]


def _balanced(
    values: Float[np.ndarray, "settings seeds fits draws"],
    differences: Float[np.ndarray, "settings seeds fits draws"],
) -> tuple[Int[np.ndarray, " S"], Float[np.ndarray, "S _ _"], Float[np.ndarray, "S _ _"]] | None:
    """Seeds present in every setting, with their values and differences averaged over settings.

    The inputs may have gaps, marked by NaN. None if no seed is in every setting.
    """
    present = ~np.isnan(values)
    seeds = np.flatnonzero(present.any((2, 3)).all(0))
    if not len(seeds):
        return None
    grid = np.ix_(
        np.arange(len(values)),
        seeds,
        np.flatnonzero(present.any((0, 1, 3))),
        np.flatnonzero(present.any((0, 1, 2))),
    )
    return seeds, _averaged(values[grid]), _averaged(differences[grid])


def _averaged(values: Float[np.ndarray, "settings S fits draws"]) -> Float[np.ndarray, "S _ _"]:
    gaps = np.isnan(values)
    if not gaps.any():
        return values.mean(0)
    counts = (~gaps).sum((2, 3), keepdims=True)
    sums = np.where(gaps, 0, values).sum((2, 3), keepdims=True)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0).mean(0)
