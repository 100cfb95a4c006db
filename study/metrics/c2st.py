"""Classifier two-sample test: can a classifier tell samples from real data?"""

import numpy as np
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from study.metrics.base import Measurement
from study.metrics.registry import measured

FOLDS = 5


def c2st(features: np.ndarray, real: np.ndarray, *, reference: str) -> Measurement:
    """AUC of a logistic regression on standardised features and their squares, :cite:`lopezpaz2017`.

    Each example is scored by a classifier fitted to the other folds; the AUC is the mean over folds of that
    within one fold, since scores of different classifiers have no common scale. A half where nothing tells the
    sets apart. Below a half is no virtue: halves of one test set cut class by class are more alike than two draws, and
    what one fold lacks of a class the others hold too much of, so real held-out data may score 0.4.

    The standard error is DeLong's (:cite:`delong1988`), of the placements within folds, times √2: a pair of
    examples in different folds counts twice, once in either role, which doubles the variance that treats
    classifiers as given (no estimate from the folds alone is unbiased, :cite:`bengio2004`). It is zero where
    every pair is told apart.

    Args:
        features: `[n, f]` of the samples, n at least 5.
        real: `[m, f]` of the reference, m at least 5.
        reference: what to call it.
    """
    x = np.concatenate([real, features]).astype(np.float64)
    columns = StandardScaler().fit_transform(x)
    columns = StandardScaler().fit_transform(np.concatenate([columns, columns**2], axis=1))
    drawn = np.arange(len(x)) >= len(real)
    fold = np.concatenate([np.arange(len(real)), np.arange(len(features))]) % FOLDS
    parts = []
    for test in (fold == k for k in range(FOLDS)):
        classifier = LogisticRegression(C=0.1, solver="newton-cholesky").fit(columns[~test], drawn[~test])
        parts.append(placements(classifier.decision_function(columns[test]), drawn[test]))
    value = np.mean([of_drawn.mean() for of_drawn, _ in parts])
    variance = 0.0
    for side in zip(*parts, strict=True):
        apart = np.concatenate([placed - placed.mean() for placed in side])
        variance += (apart**2).sum() / len(apart) ** 2
    return measured("c2st", value, np.sqrt(2 * variance), n=len(features), reference=reference)


def placements(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the other class that each example is on the right side of, positives first; ties count a half."""
    ranks = rankdata(scores)
    above, others = (
        ranks[positive] - rankdata(scores[positive]),
        ranks[~positive] - rankdata(scores[~positive]),
    )
    return above / np.count_nonzero(~positive), 1 - others / np.count_nonzero(positive)
