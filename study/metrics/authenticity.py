"""Authenticity: is a sample farther from its nearest training example than that example from its nearest other?"""

import numpy as np
from jaxtyping import Float

from study.metrics.base import Metric, Prepared, Score
from study.metrics.reference import Reference, Samples
from study.metrics.shares import share_stderr


def authenticity(train: Float[np.ndarray, " n"], own: Float[np.ndarray, " n"]) -> Score:
    """Share of samples that are authentic :cite:`alaa2022`, with respect to all training examples.

    A sample is authentic if it is farther from its nearest training example than that example is from its nearest other
    training example. The share is 0 for copies, about a half to two thirds for real data, since nearest neighbours tend
    to be central points, and 1 for samples far from all data, which is not an advantage.

    Args:
        train: distance of each sample to its nearest training example, squared or not.
        own: distance of that training example to its nearest other one, squared if `train` is.
    """
    n, share = len(train), float(np.mean(train > own))
    return Score(share, share_stderr(share, n))


def _prepare(real: Reference) -> Prepared:
    def score(samples: Samples) -> Score:
        distance, index = samples.nearest_train
        return authenticity(distance, real.near[0].own(index))

    return Prepared(f"{real.sizes[0]} of train, {real.values}", score)


AUTHENTICITY = Metric(
    "authenticity",
    label="authenticity",
    summary=(
        "share of samples farther from their nearest training example than that example from its nearest other"
    ),
    source="Alaa et al. 2022",
    better="higher",
    meaning=(
        "share of samples farther from their nearest training example than that example is from its "
        "nearest other one; 0 for copies, 1 for noise"
    ),
    unit="share",
    group="novelty",
    prepare=_prepare,
    once=True,
)
