"""The 8x8 handwritten digits :cite:`alpaydin1998` that scikit-learn bundles: real, small, offline."""

import dataclasses

import numpy as np

from study.data.base import Dataset
from study.data.own.arrays import from_arrays
from study.data.scaling import Affine

SUMMARY = "8x8 handwritten digits, 1,797 of them, bundled with scikit-learn"
SOURCE = "Alpaydin and Kaynak 1998 (UCI), the test part that scikit-learn bundles"
_GREATEST = 16.0


def load(*, seed: int) -> Dataset:
    """Digits in [0, 1], shape (8, 8), ten classes: train 998, validation 200, test 599.

    Args:
        seed: decides the split.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = (bunch.images / _GREATEST).astype(np.float32)
    data = from_arrays({"x": images, "y": bunch.target}, name="digits", seed=seed, source=SOURCE)
    return dataclasses.replace(data, inverse=Affine(0.0, _GREATEST))
