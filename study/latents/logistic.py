"""Logistic regressions between two sets, one for each fold, all fitted at once."""

import numpy as np
from jaxtyping import Bool, Float, Float64
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit

PENALTY = 10.0  # of half the squared coefficients; in scikit-learn C = 0.1
_TOLERANCE = 1e-7  # of a gradient, per row
_STEPS = 200
_SLOW = 0.3  # a step that leaves more than this share of the gradient is taken again with new curvatures


def standardised(columns: Float[np.ndarray, "n p"]) -> Float64[np.ndarray, "n p"]:
    """Columns with mean 0 and variance 1; constant ones become 0."""
    centred = columns - columns.mean(axis=0)
    spread = centred.std(axis=0)
    rounding = 10 * np.finfo(np.float64).eps * np.abs(columns).max(axis=0)
    return centred / np.where(spread > rounding, spread, np.inf)


def decisions(
    columns: Float[np.ndarray, "n p"], positive: Bool[np.ndarray, " n"], fitted: Bool[np.ndarray, "folds n"]
) -> Float64[np.ndarray, "folds n"]:
    """Log-odds of being positive for every row, by the regression that is fitted to the rows of each fold.

    The sum of the losses plus `PENALTY` times half the squared coefficients is minimised; the intercept is free. All
    folds start from the fit to all rows, close to theirs, so that their curvatures are computed once.

    Args:
        columns: standardised, so that the penalty is the same for each.
        positive: the class of each row.
        fitted: the rows that each fold is fitted to.
    """
    rows = np.concatenate([columns, np.ones((len(columns), 1))], axis=1)
    whole = _minimised(rows, positive, np.ones((1, len(rows))), np.zeros((1, rows.shape[1])))
    return (
        _minimised(rows, positive, fitted.astype(np.float64), np.repeat(whole, len(fitted), axis=0)) @ rows.T
    )


def _minimised(
    rows: Float64[np.ndarray, "n q"],
    positive: Bool[np.ndarray, " n"],
    weights: Float64[np.ndarray, "folds n"],
    start: Float64[np.ndarray, "folds q"],
) -> Float64[np.ndarray, "folds q"]:
    """Coefficients at which the gradient vanishes, by Newton's method with curvatures that are kept while they serve.

    A step that does not reduce the gradient is halved, with new curvatures: Newton's direction always reduces it.
    """
    penalty = np.full(rows.shape[1], PENALTY)
    penalty[-1] = 0
    now, share = start, np.ones((len(start), 1))
    gradient, chances = _gradient(rows, positive, weights, penalty, now)
    factors = _curvatures(rows, weights, penalty, chances)
    for _ in range(_STEPS):
        size = np.abs(gradient).max(axis=1)
        if (size <= _TOLERANCE * len(rows)).all():
            break
        step = np.stack([cho_solve(factor, g) for factor, g in zip(factors, gradient, strict=True)])
        there = now - share * step
        next_gradient, next_chances = _gradient(rows, positive, weights, penalty, there)
        left = np.abs(next_gradient).max(axis=1)
        better = left < size
        share = np.where(better[:, None], 1.0, share / 2)
        now = np.where(better[:, None], there, now)
        gradient = np.where(better[:, None], next_gradient, gradient)
        chances = np.where(better[:, None], next_chances, chances)
        if (left > _SLOW * size).any():
            factors = _curvatures(rows, weights, penalty, chances)
    return now


def _gradient(
    rows: Float64[np.ndarray, "n q"],
    positive: Bool[np.ndarray, " n"],
    weights: Float64[np.ndarray, "folds n"],
    penalty: Float64[np.ndarray, " q"],
    at: Float64[np.ndarray, "folds q"],
) -> tuple[Float64[np.ndarray, "folds q"], Float64[np.ndarray, "folds n"]]:
    """The gradient, and the chance of being positive by row."""
    chances = expit(at @ rows.T)
    return (weights * (chances - positive)) @ rows + penalty * at, chances


def _curvatures(
    rows: Float64[np.ndarray, "n q"],
    weights: Float64[np.ndarray, "folds n"],
    penalty: Float64[np.ndarray, " q"],
    chances: Float64[np.ndarray, "folds n"],
) -> list[tuple[Float64[np.ndarray, "q q"], bool]]:
    """Cholesky factors of the second derivatives of each fold."""
    curves = weights * np.maximum(chances * (1 - chances), 1e-12)
    return [cho_factor((rows.T * curve) @ rows + np.diag(penalty)) for curve in curves]
