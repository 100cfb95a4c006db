"""What the fixed classifier says: are the classes there as often as in the data, and how sure is it?"""

import numpy as np

from study.metrics.base import Measurement
from study.metrics.registry import measured, unavailable

_NO_CLASSIFIER = "no classifier: the data have no labels that tell classes apart"


def class_histogram(
    probabilities: np.ndarray | None, *, n: int, frequencies: np.ndarray | None, reference: str
) -> Measurement:
    """Total variation ½ Σ_c |p_c - q_c| between classes seen and class frequencies, in [0, 1].

    p counts the most probable class of each sample. A finite n and the classifier's own mistakes keep the
    value above zero even for real data: compare it with held-out's. Definition: :cite:`levin2017`
    proposition 4.2. The standard error is by the delta method: within the sign of each difference the
    distance is a mean over samples.

    Args:
        probabilities: `[n, C]` from the classifier, None where there is none.
        n: number of samples.
        frequencies: `[C]`, summing to one, None where the data have no labels.
        reference: what to call them.
    """
    if probabilities is None or frequencies is None:
        return unavailable("class_histogram", n=n, reference=reference, reason=_NO_CLASSIFIER)
    seen = probabilities.argmax(axis=1)
    difference = np.bincount(seen, minlength=len(frequencies)) / n - frequencies
    stderr = (np.sign(difference)[seen] / 2).std(ddof=1) / np.sqrt(n)
    return measured("class_histogram", np.abs(difference).sum() / 2, stderr, n=n, reference=reference)


def label_accuracy(
    probabilities: np.ndarray | None, asked: np.ndarray, *, n: int, reference: str
) -> Measurement:
    """Share of samples that the classifier sees as the class that was asked for :cite:`odena2017`, section 3.

    Real data of the class score the classifier's own accuracy: that of held-out stands beside it.

    Args:
        probabilities: `[n, C]` from the classifier, None where there is none.
        asked: `[n]` classes.
        n: number of samples.
        reference: what to call the classifier.
    """
    if probabilities is None:
        return unavailable("label_accuracy", n=n, reference=reference, reason=_NO_CLASSIFIER)
    right = probabilities.argmax(axis=1) == asked
    return measured("label_accuracy", right.mean(), right.std(ddof=1) / np.sqrt(n), n=n, reference=reference)


def confidence(probabilities: np.ndarray | None, *, n: int, reference: str) -> Measurement:
    """Mean of the largest class probability over samples; `reference` tells that of real data.

    High where every sample is one class without doubt, which the inception score rewards too
    (:cite:`salimans2016`); no direction is better, since real data have doubtful examples.

    Args:
        probabilities: `[n, C]` from the classifier, None where there is none.
        n: number of samples.
        reference: what to call them.
    """
    if probabilities is None:
        return unavailable("confidence", n=n, reference=reference, reason=_NO_CLASSIFIER)
    largest = probabilities.max(axis=1).astype(np.float64)
    return measured("confidence", largest.mean(), largest.std(ddof=1) / np.sqrt(n), n=n, reference=reference)
