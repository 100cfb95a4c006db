"""Gaussian data of known covariance: the one case where what a linear VAE must learn is known exactly.

With loss α·SSE + β·KL the optimum keeps the axes whose eigenvalue exceeds s = β/(2α)
:cite:`tipping1999,lucas2019`, and q(z) = N(0, I), so every sensible strategy must tie.
"""

import numpy as np

from study.data.base import Dataset
from study.data.splits import split_rows
from study.errors import StudyError

SUMMARY = "16-D Gaussian of known covariance, eigenvalues from 4 down to 0.01; the control where all must tie"
SOURCE = "synthetic"
EXAMPLE_EIGENVALUES = np.geomspace(4.0, 0.01, 16)
EXAMPLE_N = 4_500


def example_covariance() -> np.ndarray:
    """The covariance of the registered dataset, `[16, 16]` float64: `EXAMPLE_EIGENVALUES`, rotated at random.

    The rotation is the same always; it is uniform (QR with the signs of R's diagonal taken out,
    :cite:`mezzadri2007`), so that no axis of the data is a principal axis.
    """
    d = len(EXAMPLE_EIGENVALUES)
    q, r = np.linalg.qr(np.random.default_rng(16).normal(size=(d, d)))
    rotation = q * np.sign(np.diag(r))
    covariance = (rotation * EXAMPLE_EIGENVALUES) @ rotation.T
    return (covariance + covariance.T) / 2


def gaussian_dataset(
    covariance: np.ndarray, *, mean: np.ndarray | None = None, n: int, seed: int, name: str = "gaussian"
) -> Dataset:
    """n draws from N(mean, covariance), split as data without an official split are; no labels.

    Args:
        covariance: `[D, D]`, symmetric, positive semi-definite.
        mean: `[D]`, zero by default.
        n: number of draws over all three splits, at least 6.
        seed: decides draws and split.
        name: what tables call it.

    Raises:
        StudyError: a covariance or mean that is none, or too few draws.
    """
    covariance = np.asarray(covariance, np.float64)
    if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1] or not covariance.size:
        raise StudyError(f"dataset {name!r}: covariance must be [D, D], got {list(covariance.shape)}")
    d = len(covariance)
    mean = np.zeros(d) if mean is None else np.asarray(mean, np.float64)
    if mean.shape != (d,):
        raise StudyError(f"dataset {name!r}: mean must be [{d}], got {list(mean.shape)}")
    if n < 6:
        raise StudyError(f"dataset {name!r}: n is {n}; ask for at least 6 draws, to fill three splits")
    if not (np.isfinite(covariance).all() and np.allclose(covariance, covariance.T)):
        raise StudyError(
            f"dataset {name!r}: covariance must be finite and symmetric; average it with its transpose"
        )
    eigenvalues, axes = np.linalg.eigh(covariance)
    if eigenvalues[0] < -1e-10 * max(eigenvalues[-1], 0.0) or eigenvalues[-1] < 0:
        raise StudyError(
            f"dataset {name!r}: covariance has the eigenvalue {eigenvalues[0]:.3g}; none may be negative"
        )
    # The symmetric root does not depend on the signs that eigh happens to give the axes.
    root = (axes * np.sqrt(np.maximum(eigenvalues, 0.0))) @ axes.T
    draw_rng = np.random.default_rng([seed, 1])  # a stream of its own: the split uses default_rng(seed)
    x = (mean + draw_rng.normal(size=(n, d)) @ root).astype(np.float32)
    rows = split_rows(n, seed=seed)
    return Dataset(
        name=name,
        train=x[rows.train],
        validation=x[rows.validation],
        test=x[rows.test],
        shape=(d,),
        source=SOURCE,
    )


def load(*, seed: int) -> Dataset:
    """The documented example: N(0, `example_covariance()`), train 2,500, validation 500, test 1,500.

    Args:
        seed: decides draws and split.
    """
    return gaussian_dataset(example_covariance(), n=EXAMPLE_N, seed=seed)
