"""From tidy rows to the replicates of each comparison: training runs × fits × draws × evaluations."""

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd

BASELINE = "prior"
GRID = ["alpha", "beta", "noise_variance"]
EVALUATION = "evaluation"  # 0 if a frame lacks the column
# Columns that are never averaged over, with the value that is assumed if a frame lacks the column.
KIND = {"family": "vae", "family_settings": "", "decode": "mean"}


def paired_differences(metrics: pd.DataFrame, *, baseline: str = BASELINE) -> pd.DataFrame:
    """value(strategy) − value(baseline) of the same run, fit, draw, evaluation and metric, as a column `difference`.

    Rows without a baseline get NaN.
    """
    on = ["run_id", "fit", "draw", *(name for name in (EVALUATION,) if name in metrics), "metric"]
    base = metrics.loc[metrics["strategy"] == baseline, [*on, "value"]]
    joined = metrics.merge(base, on=on, how="left", suffixes=("", "_baseline"), validate="many_to_one")
    joined["difference"] = joined["value"] - joined["value_baseline"]
    return joined.drop(columns="value_baseline")


def evaluations(metrics: pd.DataFrame) -> pd.Series:
    """By metric, how many evaluations differ, from successful rows.

    Those whose scores repeat another's to the last digit count once. So it is with principal components, which no seed
    changes, and halves of test that keep the order of time.
    """
    every = metrics if EVALUATION in metrics else metrics.assign(**{EVALUATION: 0})
    known = every.dropna(subset=["value"])
    scores = {key: np.sort(own).tobytes() for key, own in known.groupby(["metric", EVALUATION])["value"]}
    names = pd.Series([metric for metric, _ in scores], dtype=object)
    return pd.Series(list(scores.values()), dtype=object).groupby(names).nunique()


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
    """All replicates of one strategy and metric, for one kind of model and one setting.

    Attributes:
        strategy, metric: as in `schemas.METRICS`.
        values, differences: `[trainings, fits, draws, evaluations]`, NaN where missing; differences are paired with
            `prior`.
    """

    strategy: str
    metric: str
    values: np.ndarray
    differences: np.ndarray


def replicates(metrics: pd.DataFrame) -> Iterator[Replicates]:
    """Every strategy and metric at every (α, β), kind by kind of model."""
    for _, rows in by_model(metrics[metrics["status"] == "ok"]):
        if not rows.empty:
            yield from _of_one(paired_differences(rows))


def _of_one(frame: pd.DataFrame) -> Iterator[Replicates]:
    """The replicates of one kind of model."""
    names = frame[["strategy", "metric"]].drop_duplicates().itertuples(index=False, name=None)
    values, differences = _dense(frame)
    for of, (strategy, metric) in enumerate(names):
        for setting in range(values.shape[1]):
            if not np.isnan(values[of, setting]).all():
                yield Replicates(strategy, metric, values[of, setting], differences[of, setting])


def _dense(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Values and differences `[strategy and metric, setting, seed, fit, draw, evaluation]`, NaN for missing rows."""
    frame = frame if EVALUATION in frame else frame.assign(**{EVALUATION: 0})
    parts = [
        frame.groupby(["strategy", "metric"], sort=False).ngroup(),
        frame.groupby(GRID, sort=False, dropna=False).ngroup(),
        *(frame.groupby(name, sort=True).ngroup() for name in ("seed", "fit", "draw", EVALUATION)),
    ]
    index = pd.concat(parts, axis=1, keys=range(len(parts)))
    made = np.full((2, *(index.max() + 1)), np.nan)
    made[(slice(None), *index.to_numpy().T)] = frame[["value", "difference"]].to_numpy(np.float64).T
    return made[0], made[1]
