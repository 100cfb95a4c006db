"""Exact duplicates: samples that equal a training example, at the data's own resolution."""

import numpy as np
from jaxtyping import Float, Shaped

from study.data.base import Dataset
from study.metrics.base import Metric, Prepared, Score
from study.metrics.reference import Reference
from study.metrics.shares import share_stderr


class Duplicates:
    """The training examples of a data set, for look-up.

    Pictures are equal if they are equal after rounding to 8 bits over the training range, as in an image file; other
    data if every value is equal.
    """

    def __init__(self, data: Dataset) -> None:
        self._range = (float(data.train.min()), float(data.train.max())) if data.is_image else None
        self._known = frozenset(row.tobytes() for row in self._rounded(data.train))

    def score(self, x: Float[np.ndarray, "n D"]) -> Score:
        """Share of samples x that are duplicates of a training example."""
        share = float(np.mean([row.tobytes() in self._known for row in self._rounded(x)]))
        return Score(share, share_stderr(share, len(x)))

    def _rounded(self, x: Float[np.ndarray, "n D"]) -> Shaped[np.ndarray, "n D"]:
        if self._range is None:
            return x.astype(np.float32) + np.float32(0)  # -0 becomes 0; their bytes differ
        low, high = self._range
        return np.rint(255 * np.clip((x - low) / (high - low or 1.0), 0, 1)).astype(np.uint8)


def _prepare(real: Reference) -> Prepared:
    known = Duplicates(real.data)
    return Prepared(f"{real.sizes[0]} of train", lambda samples: known.score(samples.x))


DUPLICATES = Metric(
    "duplicates",
    label="duplicates",
    summary="share of samples that equal a training example",
    source="control of this study",
    better="lower",
    meaning="share of samples that equal a training example, at 8 bits where data are pictures",
    unit="share",
    group="novelty",
    prepare=_prepare,
    once=True,
)
