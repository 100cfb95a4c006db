"""Classifier two-sample test: can a classifier tell samples from real data?"""

import numpy as np
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from study.metrics.base import Metric, Prepared, Score, no_score
from study.metrics.folds import folds
from study.metrics.reference import HALF, Reference

_FEWEST = 10  # examples of either kind that a classifier is fitted to where folds are stretches


def c2st(features: np.ndarray, real: np.ndarray, *, span: int = 0) -> Score:
    """AUC of a logistic regression on standardised features and their squares, :cite:`lopezpaz2017`.

    Each example is scored by a classifier fitted to the other folds; the AUC is the mean over folds of that
    within one fold, since scores of different classifiers have no common scale. A half where nothing tells the
    sets apart. Below a half is no virtue: halves of one test set cut class by class are more alike than two draws, and
    what one fold lacks of a class the others hold too much of, so real held-out data may score 0.4.

    The standard error is DeLong's (:cite:`delong1988`), of the placements within folds, times √2: a pair of
    examples in different folds counts twice, once in either role, which doubles the variance that treats
    classifiers as given (no estimate from the folds alone is unbiased, :cite:`bengio2004`). It is zero where
    every pair is told apart. Of overlapping windows it is too small: they count as independent here.

    Args:
        features: `[n, f]` of the samples, n at least 5.
        real: `[m, f]` of the reference, m at least 5.
        span: see `folds`; both sides then have as many rows.
    """
    x = np.concatenate([real, features]).astype(np.float64)
    columns = StandardScaler().fit_transform(x)
    columns = StandardScaler().fit_transform(np.concatenate([columns, columns**2], axis=1))
    drawn = np.arange(len(x)) >= len(real)
    parts = []
    sides = (folds(len(real), span=span), folds(len(features), span=span))
    for (fitted, tested), (fitted_too, tested_too) in zip(*sides, strict=True):
        if span and len(fitted) < _FEWEST:
            return no_score("too few windows share no step with a fifth of them")
        train = np.concatenate([fitted, len(real) + fitted_too])
        test = np.concatenate([tested, len(real) + tested_too])
        classifier = LogisticRegression(C=0.1, solver="newton-cholesky").fit(columns[train], drawn[train])
        parts.append(placements(classifier.decision_function(columns[test]), drawn[test]))
    value = np.mean([of_drawn.mean() for of_drawn, _ in parts])
    variance = 0.0
    for side in zip(*parts, strict=True):
        apart = np.concatenate([placed - placed.mean() for placed in side])
        variance += (apart**2).sum() / len(apart) ** 2
    return Score(value, np.sqrt(2 * variance))


def placements(scores: np.ndarray, positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of the other class that each example is on the right side of, positives first; ties count a half."""
    ranks = rankdata(scores)
    above, others = (
        ranks[positive] - rankdata(scores[positive]),
        ranks[~positive] - rankdata(scores[~positive]),
    )
    return above / np.count_nonzero(~positive), 1 - others / np.count_nonzero(positive)


def _prepare(real: Reference) -> Prepared:
    return Prepared(
        f"{HALF}, {real.view}", lambda samples: c2st(samples.features, real.features, span=real.span)
    )


C2ST = Metric(
    "c2st",
    label="C2ST AUC",
    summary="AUC of a classifier that tells samples from reference, out of fold; null 0.5",
    source="Lopez-Paz & Oquab 2017",
    better="lower",
    meaning=(
        "how often a logistic regression on the features and their squares, out of fold, ranks a sample "
        "above a real example: ½ where it cannot tell them apart, 1 where it always can"
    ),
    prepare=_prepare,
)
