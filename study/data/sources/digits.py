"""The 8x8 handwritten digits :cite:`alpaydin1998` that scikit-learn bundles: real, small, offline."""

import contextlib
import dataclasses
from importlib import metadata

import numpy as np
from jaxtyping import Float64

from study.data.base import Dataset
from study.data.own.arrays import from_arrays
from study.data.scaling import Affine

SUMMARY = "8x8 handwritten digits, 1,797 of them, bundled with scikit-learn"
SOURCE = "Alpaydin and Kaynak 1998 (UCI), the test part that scikit-learn bundles"
_GREATEST = 16.0
_FILE = "digits.csv.gz"


def load(*, seed: int) -> Dataset:
    """Digits in [0, 1], shape (8, 8), ten classes: train 998, validation 200, test 599.

    Args:
        seed: decides the split.
    """
    table = _bundled()
    images = (table[:, :-1].reshape(-1, 8, 8) / _GREATEST).astype(np.float32)
    data = from_arrays({"x": images, "y": table[:, -1].astype(int)}, name="digits", seed=seed, source=SOURCE)
    return dataclasses.replace(data, inverse=Affine(0.0, _GREATEST))


def _bundled() -> Float64[np.ndarray, "N 65"]:
    """Pixels and class of every image. The file is read without scikit-learn, whose import takes most of a second."""
    with contextlib.suppress(metadata.PackageNotFoundError, OSError):
        for path in metadata.files("scikit-learn") or ():
            if path.name == _FILE:
                return np.loadtxt(path.locate(), delimiter=",")
    from sklearn.datasets import load_digits

    bunch = load_digits()
    return np.column_stack([bunch.data, bunch.target])
