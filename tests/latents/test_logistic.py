"""Logistic regressions of all folds at once, against scikit-learn's of each fold."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from study.latents import logistic
from study.latents.logistic import decisions, standardised

N, F = 300, 12


def sets(how: str) -> np.ndarray:
    """Two sets of N rows, the second changed."""
    x, y = np.random.default_rng(0).normal(size=(2, N, F))
    changes = {
        "equal": y,
        "shifted": y + 0.3,
        "wide": 3 * y,
        "heavy": y**3,
        "apart": y + 50,
        "constant": 0 * y,
    }
    return np.concatenate([0 * x if how == "constant" else x, changes[how]])


@pytest.mark.parametrize("how", ["equal", "shifted", "wide", "heavy", "apart", "constant"])
def test_each_fold_has_scikit_learns_regression(how: str) -> None:
    columns = standardised(sets(how))
    positive = np.arange(2 * N) >= N
    fitted = np.arange(2 * N) % 5 != np.arange(5)[:, None]
    found = decisions(columns, positive, fitted)
    for fold, own in zip(fitted, found, strict=True):
        oracle = LogisticRegression(C=1 / logistic.PENALTY, solver="newton-cholesky", tol=1e-10)
        np.testing.assert_allclose(
            own, oracle.fit(columns[fold], positive[fold]).decision_function(columns), atol=5e-5
        )


def test_classes_of_unequal_size_and_few_rows_beside_columns() -> None:
    rng = np.random.default_rng(1)
    columns = standardised(rng.normal(size=(40, 60)))
    positive, fitted = np.arange(40) < 7, np.ones((1, 40), bool)
    oracle = LogisticRegression(C=1 / logistic.PENALTY, solver="newton-cholesky", tol=1e-10)
    expected = oracle.fit(columns, positive).decision_function(columns)
    np.testing.assert_allclose(decisions(columns, positive, fitted)[0], expected, atol=1e-5)


def test_a_step_that_goes_too_far_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """With hardly any penalty Newton's first steps overshoot where the sets are almost apart."""
    monkeypatch.setattr(logistic, "PENALTY", 1e-4)
    rng = np.random.default_rng(2)
    columns = standardised(
        np.concatenate([rng.standard_t(2, size=(60, 3)), rng.standard_t(2, size=(60, 3)) + 9])
    )
    positive = np.arange(120) >= 60
    found = decisions(columns, positive, np.ones((1, 120), bool))[0]
    oracle = LogisticRegression(C=1e4, solver="newton-cholesky", tol=1e-12, max_iter=1000)
    expected = oracle.fit(columns, positive).decision_function(columns)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-2)


def test_columns_are_standardised_as_scikit_learn_does_it() -> None:
    x = np.random.default_rng(3).normal(3, 7, size=(50, 4))
    x[:, 2] = 5.5
    np.testing.assert_allclose(standardised(x), StandardScaler().fit_transform(x), atol=1e-12)
