"""Metrics from the fixed classifier: are classes as frequent as in the data, and how confident is the classifier?"""

import numpy as np
from jaxtyping import Float, Integer

from study.metrics.base import Metric, Prepared, Score, no_score
from study.metrics.reference import HALF, Reference

_NO_CLASSIFIER = "no classifier: the data have no labels of two or more classes, or none that it could learn"


def class_histogram(
    probabilities: Float[np.ndarray, "n C"] | None, *, frequencies: Float[np.ndarray, " C"] | None
) -> Score:
    """Total variation ½ Σ_c |p_c - q_c| between predicted classes p and class frequencies q, in [0, 1].

    p counts the most probable class of each sample. Finite n and the classifier's errors keep the value above zero
    even for real data: compare it with that of `held-out`. Definition: :cite:`levin2017` proposition 4.2. The standard
    error is by the delta method: for given signs of the differences the distance is a mean over samples.

    Args:
        probabilities: from the classifier, None if there is none.
        frequencies: summing to one, None if the data have no labels.
    """
    if probabilities is None or frequencies is None:
        return no_score(_NO_CLASSIFIER)
    n = len(probabilities)
    seen = probabilities.argmax(axis=1)
    difference = np.bincount(seen, minlength=len(frequencies)) / n - frequencies
    stderr = (np.sign(difference)[seen] / 2).std(ddof=1) / np.sqrt(n)
    return Score(np.abs(difference).sum() / 2, stderr)


def label_accuracy(
    probabilities: Float[np.ndarray, "n C"] | None, asked: Integer[np.ndarray, " n"] | None
) -> Score:
    """Share of samples that the classifier assigns to the requested class :cite:`odena2017`, section 3.

    Real data of the class score the classifier's own accuracy, which the row of `held-out` shows.

    Args:
        probabilities: from the classifier, None if there is none.
        asked: requested classes.
    """
    if probabilities is None:
        return no_score(_NO_CLASSIFIER)
    right = probabilities.argmax(axis=1) == asked
    return Score(right.mean(), right.std(ddof=1) / np.sqrt(len(right)))


def confidence(probabilities: Float[np.ndarray, "n C"] | None) -> Score:
    """Mean of the largest class probability over samples; the reference text gives that of real data.

    It is high if every sample clearly belongs to one class, which the inception score rewards too
    (:cite:`salimans2016`). No direction is better, since real data have ambiguous examples.

    Args:
        probabilities: from the classifier, None if there is none.
    """
    if probabilities is None:
        return no_score(_NO_CLASSIFIER)
    largest = probabilities.max(axis=1).astype(np.float64)
    return Score(largest.mean(), largest.std(ddof=1) / np.sqrt(len(largest)))


def _prepare_histogram(real: Reference) -> Prepared:
    labels = real.data.train_labels
    frequencies = None if labels is None else np.bincount(labels) / len(labels)
    return Prepared(
        "class frequencies of train",
        lambda samples: class_histogram(samples.probabilities, frequencies=frequencies),
    )


def _prepare_confidence(real: Reference) -> Prepared:
    sure = "" if real.probabilities is None else f": {real.probabilities.max(axis=1).mean():.3f} there"
    return Prepared(f"{HALF}{sure}", lambda samples: confidence(samples.probabilities))


def _prepare_accuracy(real: Reference) -> Prepared:
    said = f"{real.extractor.name}, {real.extractor.accuracy:.1%} right on test"
    return Prepared(said, lambda samples: label_accuracy(samples.probabilities, samples.asked))


CLASS_HISTOGRAM = Metric(
    "class_histogram",
    label="class histogram",
    summary=("total variation between the classes a classifier predicts and the data's class frequencies"),
    source="Levin & Peres 2017",
    better="lower",
    meaning="total variation between the classes that a classifier predicts and the data's",
    prepare=_prepare_histogram,
)
CONFIDENCE = Metric(
    "confidence",
    label="confidence",
    summary=("mean largest class probability of the fixed classifier; compare with the reference's value"),
    source="Salimans et al. 2016",
    better="none",
    meaning=(
        "mean largest class probability that the fixed classifier gives a sample; compare with the value of "
        "real data"
    ),
    group="other",
    prepare=_prepare_confidence,
)
LABEL_ACCURACY = Metric(
    "label_accuracy",
    label="label accuracy",
    summary="share of samples that a classifier assigns to the requested class",
    source="Odena et al. 2017",
    better="higher",
    meaning=(
        "share of samples that the classifier assigns to the requested class; for held-out data and "
        "their reconstructions, to their own class"
    ),
    prepare=_prepare_accuracy,
    needs="classes asked for",
)
