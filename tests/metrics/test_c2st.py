import numpy as np
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from study.latents.logistic import PENALTY, standardised
from study.metrics.c2st import c2st
from study.metrics.folds import FOLDS


def test_known_gaussians() -> None:
    """The best AUC for a shift δ is Φ(|δ|/√2). With 2000 samples of 4 features the classifier reaches it within four
    standard errors."""
    rng = np.random.default_rng(0)
    found = c2st(rng.normal(size=(2000, 4)) + 0.5, rng.normal(size=(2000, 4)))
    best = norm.cdf(1 / np.sqrt(2))
    assert found.value == pytest.approx(best, abs=4 * found.stderr)


def test_squares_see_the_scale() -> None:
    """The means are equal, so only squared features can detect the difference in scale."""
    rng = np.random.default_rng(0)
    found = c2st(2 * rng.normal(size=(300, 8)), rng.normal(size=(300, 8)))
    assert found.value > 0.9


@pytest.mark.parametrize("n,f", [(150, 8), pytest.param(300, 32, marks=pytest.mark.slow)])
def test_null_interval_covers_a_half(n: int, f: int) -> None:
    """200 repetitions at 95 %: the tolerance is three binomial standard deviations of 1.5 %. The standard error's
    factor of two in variance holds in the limit of many features, so intervals may be slightly too wide."""
    rng = np.random.default_rng(0)
    draws = [c2st(rng.normal(size=(n, f)), rng.normal(size=(n, f))) for _ in range(200)]
    covered = np.mean([abs(m.value - 0.5) < 1.96 * m.stderr for m in draws])
    assert abs(covered - 0.95) <= 0.046
    values = np.array([m.value for m in draws])
    assert abs(values.mean() - 0.5) < 4 * values.std(ddof=1) / np.sqrt(200)


def test_ends() -> None:
    x = np.random.default_rng(0).normal(size=(100, 3))
    apart = c2st(x + 100, x)
    assert (apart.value, apart.stderr) == (1, 0)
    equal = c2st(np.ones((100, 3)), np.ones((100, 3)))
    assert (equal.value, equal.stderr) == (0.5, 0)


def test_the_value_is_the_area_of_regressions_by_scikit_learn_averaged_over_folds() -> None:
    rng = np.random.default_rng(3)
    real, features = rng.normal(size=(60, 3)), rng.normal(0.4, size=(60, 3))
    columns = standardised(np.concatenate([real, features]))
    columns = standardised(np.concatenate([columns, columns**2], axis=1))
    drawn, fold = np.arange(120) >= 60, np.arange(120) % 60 % FOLDS
    areas = []
    for k in range(FOLDS):
        fitted = LogisticRegression(C=1 / PENALTY, tol=1e-10).fit(columns[fold != k], drawn[fold != k])
        odds = fitted.decision_function(columns[fold == k])
        areas.append(roc_auc_score(drawn[fold == k], odds))
    assert c2st(features, real).value == pytest.approx(np.mean(areas), rel=1e-12)
