"""Authenticity: is a sample farther from its nearest training example than that one from its own neighbours?"""

import numpy as np

from study.metrics.base import Metric, Prepared, Score
from study.metrics.reference import Reference, Samples
from study.metrics.shares import share_stderr


def authenticity(train: np.ndarray, own: np.ndarray) -> Score:
    """Share of samples that are authentic :cite:`alaa2022`, with all training examples in play.

    A sample is authentic where it is farther from its nearest training example than that example is from its own
    nearest other one. Copies have none. Real data have some half to two thirds, since the neighbour of a point is
    more often a central one; samples far from all data have all, which is no virtue.

    Args:
        train: distance of each sample to its nearest training example, squared or not, `[n]`.
        own: distance of that example to its nearest other training example, likewise.
    """
    n, share = len(train), float(np.mean(train > own))
    return Score(share, share_stderr(share, n))


def _prepare(real: Reference) -> Prepared:
    def score(samples: Samples) -> Score:
        distance, index = samples.nearest_train
        return authenticity(distance, real.near[0].own(index))

    return Prepared(f"{real.sizes[0]} of train, pixels", score)


AUTHENTICITY = Metric(
    "authenticity",
    label="authenticity",
    summary=(
        "share of samples farther from their nearest training example than that from its own nearest other"
    ),
    source="Alaa et al. 2022",
    better="higher",
    meaning=(
        "share of samples farther from their nearest training example than that one is from its own "
        "nearest other; 0 for copies, and noise has all of it"
    ),
    unit="share",
    group="novelty",
    prepare=_prepare,
)
