"""Classifier two-sample test: can a classifier tell samples from real data?"""

import numpy as np
from jaxtyping import Float

from study.latents.logistic import decisions, standardised
from study.latents.placements import placements
from study.metrics.base import Metric, Prepared, Score, no_score
from study.metrics.folds import FOLDS, folds
from study.metrics.reference import HALF, Reference

_FEWEST = 10  # fewest real examples to fit a classifier to if folds are stretches of time


def c2st(features: Float[np.ndarray, "n f"], real: Float[np.ndarray, "m f"], *, span: int = 0) -> Score:
    """AUC of a logistic regression on standardised features and their squares, :cite:`lopezpaz2017`.

    Each example is scored by a classifier fitted to the other folds; the AUC is computed within each fold and averaged,
    since scores of different classifiers have no common scale. It is ½ if the sets are indistinguishable. Values below
    ½ are chance, not better: two halves of real data, cut at random, score ½ on average, since the examples of a fold
    are assigned to the halves independently of those that its classifier was fitted to.

    The standard error is DeLong's (:cite:`delong1988`), from the placements within folds, times √2: a pair of
    examples in different folds counts twice, once for each classifier, which doubles the variance for given
    classifiers (no estimate from the folds alone is unbiased, :cite:`bengio2004`). It is zero if every pair is
    ranked correctly. For overlapping windows it is too small, since they are treated as independent.

    Args:
        features: of the samples, n at least 5.
        real: of the reference, m at least 5.
        span: see `folds`; both sides then have as many rows.
    """
    x = np.concatenate([real, features]).astype(np.float64)
    columns = standardised(x)
    columns = standardised(np.concatenate([columns, columns**2], axis=1))
    drawn = np.arange(len(x)) >= len(real)
    sides = [folds(len(real), span=span), folds(len(features), span=span)]
    fitted, tested = np.zeros((2, FOLDS, len(x)), bool)
    for k, ((fit, test), (fit_too, test_too)) in enumerate(zip(*sides, strict=True)):
        if span and len(fit) < _FEWEST:
            return no_score("too few windows: almost all of them overlap with each test fold")
        fitted[k, np.concatenate([fit, len(real) + fit_too])] = True
        tested[k, np.concatenate([test, len(real) + test_too])] = True
    odds = decisions(columns, drawn, fitted)
    parts = [_both(odd[test & drawn], odd[test & ~drawn]) for odd, test in zip(odds, tested, strict=True)]
    value = np.mean([of_drawn.mean() for of_drawn, _ in parts])
    variance = 0.0
    for side in zip(*parts, strict=True):
        apart = np.concatenate([placed - placed.mean() for placed in side])
        variance += (apart**2).sum() / len(apart) ** 2
    return Score(value, np.sqrt(2 * variance))


def _both(
    drawn: Float[np.ndarray, " a"], real: Float[np.ndarray, " b"]
) -> tuple[Float[np.ndarray, " a"], Float[np.ndarray, " b"]]:
    """For each sample and each real example the share of the other side that it is ranked correctly against."""
    return placements(drawn, real), 1 - placements(real, drawn)


def _prepare(real: Reference) -> Prepared:
    return Prepared(
        f"{HALF}, {real.view}", lambda samples: c2st(samples.features, real.features, span=real.span)
    )


C2ST = Metric(
    "c2st",
    label="C2ST AUC",
    summary="AUC of a classifier between samples and reference, out of fold; null 0.5",
    source="Lopez-Paz & Oquab 2017",
    better="lower",
    meaning=(
        "how often a logistic regression on the features and their squares, out of fold, ranks a sample "
        "above a real example: ½ if they are indistinguishable, 1 if it always does"
    ),
    prepare=_prepare,
)
