"""Authenticity: is a sample farther from its nearest training example than that one from its own neighbours?"""

import numpy as np

from study.metrics.base import Measurement
from study.metrics.registry import measured
from study.metrics.shares import share_stderr


def authenticity(train: np.ndarray, own: np.ndarray, *, reference: str) -> Measurement:
    """Share of samples that are authentic :cite:`alaa2022`, with all training examples in play.

    A sample is authentic where it is farther from its nearest training example than that example is from its own
    nearest other one. Copies have none. Real data have some half to two thirds, since the neighbour of a point is
    more often a central one; samples far from all data have all, which is no virtue.

    Args:
        train: distance of each sample to its nearest training example, squared or not, `[n]`.
        own: distance of that example to its nearest other training example, likewise.
        reference: what the samples were compared with.
    """
    n, share = len(train), np.mean(train > own)
    return measured("authenticity", share, share_stderr(share, n), n=n, reference=reference)
