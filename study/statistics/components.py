"""How much of a metric's variance is due to training, fitting a strategy, sampling from it, and the evaluation."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from jaxtyping import Float

from study.statistics.estimates import complete
from study.statistics.replicates import BASELINE, replicates


class Components(NamedTuple):
    """Variances by source. A source that is not replicated is NaN, and its variance is part of the source before.

    That of evaluations is crossed with the others and not part of them; it is part of all values if it is NaN.
    """

    training: float
    fitting: float
    drawing: float
    evaluating: float


@np.errstate(invalid="ignore", over="ignore")  # the mean of infinities of both signs is NaN
def variance_components(values: Float[np.ndarray, "trainings fits draws evaluations"]) -> Components:
    """Unbiased moment estimates from values, where NaN marks a missing value.

    Evaluations are crossed with trainings: their component is that of the means over fits and draws. The others are
    those of the means over evaluations.

    Draws are nested in fits, and fits in training runs. Mean squares are set equal to their expectations, with the
    coefficients for unbalanced data :cite:`searle1992`. A negative estimate means that the component is too small to
    estimate; it is not set to zero here, so that averages stay unbiased.
    """
    evaluating = _evaluating(_mean(_mean(values, 2), 1))
    values = _mean(np.asarray(values, np.float64), 3)
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
    return Components(training, fitting, drawing, evaluating)


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Means over an axis of the values that are there, NaN where there is none."""
    there = ~np.isnan(values)
    count = there.sum(axis)
    return np.asarray(np.where(there, values, 0).sum(axis) / np.where(count > 0, count, math.nan))


def _evaluating(values: Float[np.ndarray, "trainings evaluations"]) -> float:
    """The component between evaluations, of the trainings that all of them have; NaN for fewer than two of either."""
    there = complete(~np.isnan(values))
    values = values[there.any(1)][:, there.any(0)]
    n, m = values.shape
    if min(n, m) < 2:
        return math.nan
    rows, columns = values.mean(1, keepdims=True), values.mean(0, keepdims=True)
    left = np.square(values - rows - columns + values.mean()).sum() / ((n - 1) * (m - 1))
    return float(columns.var(ddof=1) - left / n)


@np.errstate(invalid="ignore", over="ignore")  # the mean of infinities of both signs is NaN
def component_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Variance components of every strategy and metric, and of its paired difference from `prior`.

    Estimated within each (α, β) of each kind of model, averaged over all of them, then set to at least zero.

    Returns:
        Columns strategy, metric, of ("value" or "difference") and those of `Components`; NaN if the design
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
