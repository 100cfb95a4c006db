"""How much of a metric's variance is due to training, to fitting a strategy, and to sampling from it."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from study.statistics.replicates import BASELINE, replicates


class Components(NamedTuple):
    """Variances by source. A source that is not replicated is NaN, and its variance is part of the source before."""

    training: float
    fitting: float
    drawing: float


@np.errstate(invalid="ignore", over="ignore")  # the mean of infinities of both signs is NaN
def variance_components(values: Float[np.ndarray, "trainings fits draws"]) -> Components:
    """Unbiased moment estimates from values, where NaN marks a missing value.

    Draws are nested in fits, and fits in training runs. Mean squares are set equal to their expectations, with the
    coefficients for unbalanced data :cite:`searle1992`. A negative estimate means that the component is too small to
    estimate; it is not set to zero here, so that averages stay unbiased.
    """
    values = np.asarray(values, np.float64)
    present = ~np.isnan(values)
    n = present.sum(2)  # draws per fit
    per_training = n.sum(1)
    total, fits, trainings = (int(k) for k in (n.sum(), (n > 0).sum(), (per_training > 0).sum()))
    filled = np.where(present, values, 0)
    fit_mean = filled.sum(2) / np.maximum(n, 1)
    training_mean = filled.sum((1, 2)) / np.maximum(per_training, 1)
    inside = np.divide((n**2).sum(1), per_training, out=np.zeros(len(n)), where=per_training > 0).sum()

    def square(freedom: int, terms: np.ndarray) -> float:
        return float(terms.sum()) / freedom if freedom > 0 else math.nan

    drawing = square(total - fits, np.where(present, np.square(values - fit_mean[..., None]), 0))
    between = square(fits - trainings, n * np.square(fit_mean - training_mean[:, None]))
    fitting = math.nan
    if fits > trainings:
        fitting = (between - _known(drawing)) / ((total - inside) / (fits - trainings))
    training = math.nan
    if trainings > 1:
        grand = filled.sum() / total
        top = square(trainings - 1, per_training * np.square(training_mean - grand))
        below = (inside - (n**2).sum() / total) / (trainings - 1)
        own = (total - (per_training**2).sum() / total) / (trainings - 1)
        training = (top - _known(drawing) - below * _known(fitting)) / own
    return Components(training, fitting, drawing)


@np.errstate(invalid="ignore", over="ignore")  # the mean of infinities of both signs is NaN
def component_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Variance components of every strategy and metric, and of its paired difference from `prior`.

    Estimated within each (α, β) of each kind of model, averaged over all of them, then set to at least zero.

    Returns:
        Columns strategy, metric, of ("value" or "difference"), training, fitting, drawing; NaN if the design
        does not replicate a source.
    """
    rows = [
        {"strategy": row.strategy, "metric": row.metric, "of": of, **variance_components(values)._asdict()}
        for row in replicates(metrics)
        for of, values in (("value", row.values), ("difference", row.differences))
        if not np.isnan(values).all() and (of, row.strategy) != ("difference", BASELINE)
    ]
    if not rows:
        return pd.DataFrame(columns=["strategy", "metric", "of", *Components._fields])
    table = pd.DataFrame(rows).groupby(["strategy", "metric", "of"], sort=False).mean()
    return table.clip(lower=0).reset_index()


def _known(variance: float) -> float:
    """A component, or zero if it is NaN: part of the source before."""
    return 0.0 if math.isnan(variance) else variance
