"""The standard error of the share of points that samples reach, such as recall and coverage.

Points near each other are reached, or missed, by the same samples: their share varies more from draw to draw than one
of independent points. How much more, its design effect :cite:`kish1965`, is seen in random halves of the samples: half
the squared difference of the shares that both halves reach, on average, over the variance of a share of independent
points. What a sample reaches does not depend on the half that it is in, and an effect below one is not used. Between
draws of Gaussians in 2 to 32 dimensions the standard error was 0.95 to 1.4 times the spread, and without the effect 0.6
to 1.1 times; for recall of draws from a VAE's prior on digits 1.2 times, and without it 0.3 times.
"""

import threading

import numpy as np
from jaxtyping import Bool, Float32

from study.metrics.base import Score

SPLITS = 32  # of the samples into two halves


class Reach:
    """Which points n samples reach, in two halves at a time, always the same ones; threads may add to it."""

    def __init__(self, n: int, points: int) -> None:
        places = np.random.default_rng(0).permuted(np.tile(np.arange(n), (SPLITS, 1)), axis=1)
        first = places < n // 2
        self._members: Float32[np.ndarray, "halves n"] = np.concatenate([first, ~first]).astype(np.float32)
        self._reached: Bool[np.ndarray, "halves points"] = np.zeros((2 * SPLITS, points), bool)
        self._lock = threading.Lock()

    def add(self, rows: slice, reaches: Bool[np.ndarray, "b points"]) -> None:
        """Some of the samples, and which points each of them reaches."""
        reached = self._members[:, rows] @ reaches.astype(np.float32) > 0
        with self._lock:
            self._reached |= reached

    def effect(self) -> float:
        """The design effect, at least one; one if no point, or every point, is reached by every half."""
        shares = self._reached.mean(1)
        independent = shares.mean() * (1 - shares.mean()) / self._reached.shape[1]
        first, second = np.split(shares, 2)
        return max(1.0, float(np.square(first - second).mean() / 2 / independent)) if independent > 0 else 1.0

    def score(self, reached: Bool[np.ndarray, " points"]) -> Score:
        """The share of points that all samples together reach, with its standard error."""
        return Score(reached.mean(), reached.std() * np.sqrt(self.effect() / len(reached)))
