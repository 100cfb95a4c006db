"""Train on synthetic, test on real, for tables: how well generated rows teach to predict each column."""

from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Float64

from study.metrics.base import Metric
from study.metrics.columns import Columns, tabular
from study.runtime.drawing import permutation, split

PENALTY = 1.0  # on squared coefficients, for columns in standard deviations
SEEDS = 3  # random parts of train with which samples are compared
_LEAST = 1e-12


def column_errors(
    train: Float64[np.ndarray, "n k"], test: Float64[np.ndarray, "m k"]
) -> Float64[np.ndarray, " k"]:
    """Mean squared error on `test` of the ridge regression of each column on all others, fitted to `train`.

    All k regressions come from one inverse P of the penalised covariance: the residual of column j is
    Σ_k P_jk (x_k − mean_k) / P_jj :cite:`whittaker1990`.
    """
    mean = train.mean(axis=0)
    centred = train - mean
    inverse = np.linalg.inv(centred.T @ centred + PENALTY * np.eye(train.shape[1]))
    residuals = (test - mean) @ inverse / np.diag(inverse)
    return np.square(residuals).mean(axis=0)


def _prepare(columns: Columns) -> tuple[Callable[[Float64[np.ndarray, "m k"]], float], str]:
    """Log of the error after training on samples over that after training on real rows :cite:`esteban2017`."""
    errors = []
    for key in split(jax.random.key(0), SEEDS):
        rows = permutation(key, len(columns.train))[: columns.n]
        errors.append(column_errors(columns.train[rows], columns.real).mean())
    real = max(float(np.mean(errors)), _LEAST)

    def value(x: Float64[np.ndarray, "m k"]) -> float:
        return float(np.log(max(column_errors(x, columns.real).mean(), _LEAST) / real))

    return value, f", on which rows of train have a squared error of {real:.3g}"


COLUMN_TSTR = Metric(
    "column_tstr",
    label="TSTR",
    summary="tables: log ratio of errors of regressions of each column on the others, by samples and by train",
    source="Esteban et al. 2017",
    better="lower",
    meaning=(
        "train on synthetic, test on real: log of the squared error of linear regressions of each column on all "
        "others, fitted to samples, over that of regressions fitted to real rows; 0 if samples teach as much"
    ),
    prepare=tabular(_prepare, fewest=2),
    needs="table",
)
