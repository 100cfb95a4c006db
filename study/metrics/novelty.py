"""Novelty: all measurements that ask whether samples are new, or training data again.

Never "no memorisation" from one number; and each only as a difference from what real held-out data get, since none
has a null value that holds for all data. Noise is novel too: novelty without fidelity is no virtue.
"""

from collections.abc import Callable

import numpy as np

from study.data.base import Dataset
from study.metrics.authenticity import authenticity
from study.metrics.base import Measurement
from study.metrics.data_copying import Cells, c_t
from study.metrics.duplicates import Duplicates
from study.metrics.nearer import nearer_to_train
from study.metrics.nearest_ratio import nn_ratio
from study.metrics.neighbours import Neighbours


class Novelty:
    """Sets samples against all of `data.train`, and against all of `data.reference` as data never seen.

    C_T compares n samples with the first n of `data.reference`.

    Args:
        data: the data set.
        features: what makes features `[n, f]` of data `[n, D]`.
        n: how many samples will be scored at a time.
        view: what to call the features.
    """

    def __init__(
        self,
        data: Dataset,
        features: Callable[[np.ndarray], np.ndarray],
        *,
        n: int,
        view: str = "features",
    ) -> None:
        self._pixels = Neighbours(data.train), Neighbours(data.reference)
        self._features = tuple(
            Neighbours(np.ascontiguousarray(features(x), np.float32)) for x in (data.train, data.reference)
        )
        self._duplicates = Duplicates(data)
        self._cells = Cells(data.train, n=n)
        held_out = data.reference[:n]
        self._held_out = self._pixels[0].nearest(held_out)[0], self._cells.of(held_out)
        self._sizes = len(data.train), len(data.reference)
        both = f"{self._sizes[0]} of train vs {self._sizes[1]} held out"
        self.references = {
            "nearer_to_train": f"{both}, weighted, pixels, null 0.5",
            "nearer_to_train_features": f"{both}, weighted, {view}, null 0.5",
            "nn_ratio": f"{both}, {view}",
            "nn_ratio_pixels": f"{both}, pixels",
            "authenticity": f"{self._sizes[0]} of train, pixels",
            "c_t": f"reference half of test, {len(self._cells.centres)} cells, pixels, null 0",
            "duplicates": f"{self._sizes[0]} of train",
        }

    def nearest(self, x: np.ndarray) -> np.ndarray:
        """The nearest training example of each x `[n, D]`."""
        return self._pixels[0].pool[self._pixels[0].nearest(x)[1]]

    def measure(self, x: np.ndarray, features: np.ndarray) -> list[Measurement]:
        """Every novelty measurement of samples x `[n, D]` float32 with their features `[n, f]`."""
        train, index = self._pixels[0].nearest(x)
        pixels = train, self._pixels[1].nearest(x)[0]
        features = features.astype(np.float32, copy=False)
        seen, unseen = (pool.nearest(features)[0] for pool in self._features)
        names = self.references
        return [
            nearer_to_train(
                "nearer_to_train", *pixels, sizes=self._sizes, reference=names["nearer_to_train"]
            ),
            nearer_to_train(
                "nearer_to_train_features",
                seen,
                unseen,
                sizes=self._sizes,
                reference=names["nearer_to_train_features"],
            ),
            nn_ratio("nn_ratio", seen, unseen, reference=names["nn_ratio"]),
            nn_ratio("nn_ratio_pixels", *pixels, reference=names["nn_ratio_pixels"]),
            authenticity(train, self._pixels[0].own(index), reference=names["authenticity"]),
            c_t((train, self._cells.of(x)), self._held_out, reference=names["c_t"]),
            self._duplicates.measure(x, reference=names["duplicates"]),
        ]
