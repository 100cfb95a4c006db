"""Gaussian data of known covariance, for which the optimum of a linear VAE is known exactly.

With loss α·SSE + β·KL the optimum uses the axes whose eigenvalue exceeds s = β/(2α) :cite:`tipping1999,lucas2019`,
and q(z) = N(0, I), so every sensible strategy must tie.
"""

import numpy as np

from study.data.base import Dataset
from study.data.naming import numbered
from study.data.own.names import plain_name
from study.data.scaling import check_spread
from study.data.splits import split_rows
from study.errors import StudyError
from study.runtime.checks import shown, whole_number
from study.runtime.limits import MAX_BYTES, check_bytes

SUMMARY = (
    "16-D Gaussian of known covariance, eigenvalues from 4 down to 0.01; control where strategies must tie"
)
SOURCE = "synthetic"
EXAMPLE_EIGENVALUES = np.geomspace(4.0, 0.01, 16)
EXAMPLE_N = 4_500
_LARGEST_VARIANCE, _LARGEST_MEAN = 1e70, 1e37  # a draw is within 100 standard deviations of its mean


def example_covariance() -> np.ndarray:
    """The covariance of the registered dataset, `[16, 16]` float64: `EXAMPLE_EIGENVALUES`, rotated at random.

    The rotation is always the same. It was drawn uniformly (QR decomposition, corrected by the signs of the diagonal
    of R, :cite:`mezzadri2007`), so that no axis of the data is a principal axis.
    """
    d = len(EXAMPLE_EIGENVALUES)
    q, r = np.linalg.qr(np.random.default_rng(16).normal(size=(d, d)))
    rotation = q * np.sign(np.diag(r))
    covariance = (rotation * EXAMPLE_EIGENVALUES) @ rotation.T
    return (covariance + covariance.T) / 2


def gaussian_dataset(
    covariance: np.ndarray, *, mean: np.ndarray | None = None, n: int, seed: int, name: str = "gaussian"
) -> Dataset:
    """n draws from N(mean, covariance), without labels, split like data that have no official split.

    Args:
        covariance: `[D, D]`, symmetric, positive semi-definite.
        mean: `[D]`, zero by default.
        n: number of draws over all three splits, at least 6.
        seed: decides draws and split.
        name: its name in tables.

    Raises:
        StudyError: the covariance or mean is not valid, or there are too few draws.
    """
    where = f"dataset {plain_name(name)!r}"
    seed = whole_number(seed, name=f"{where}: seed")
    covariance = _numbers(covariance, f"{where}: covariance")
    if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1] or not covariance.size:
        raise StudyError(f"{where}: covariance must be [D, D], got {list(covariance.shape)}")
    d = len(covariance)
    mean = np.zeros(d) if mean is None else _numbers(mean, f"{where}: mean")
    if mean.shape != (d,):
        raise StudyError(f"{where}: mean must be [{d}], got {list(mean.shape)}")
    if not isinstance(n, int | np.integer) or isinstance(n, bool) or n < 6:
        raise StudyError(f"{where}: n is {shown(n)}; give at least 6 draws, to fill three splits")
    check_bytes(int(n) * d * 8, limit=MAX_BYTES, where=where, verb=f"of {shown(n)} draws takes")
    if not np.isfinite(mean).all():
        raise StudyError(f"{where}: mean must be finite; give numbers")
    if not (np.isfinite(covariance).all() and np.allclose(covariance, covariance.T)):
        raise StudyError(f"{where}: covariance must be finite and symmetric; average it with its transpose")
    if np.abs(covariance).max() > _LARGEST_VARIANCE or np.abs(mean).max() > _LARGEST_MEAN:
        raise StudyError(
            f"{where}: draws are too large for float32; give variances up to {_LARGEST_VARIANCE:g}, means up to "
            f"{_LARGEST_MEAN:g}"
        )
    eigenvalues, axes = np.linalg.eigh(covariance)
    if eigenvalues[0] < -1e-10 * max(eigenvalues[-1], 0.0) or eigenvalues[-1] < 0:
        raise StudyError(f"{where}: covariance has the eigenvalue {eigenvalues[0]:.3g}; none may be negative")
    # The symmetric root does not depend on the arbitrary signs of the eigenvectors.
    root = (axes * np.sqrt(np.maximum(eigenvalues, 0.0))) @ axes.T
    draw_rng = np.random.default_rng([seed, 1])  # a stream of its own: the split uses default_rng(seed)
    x = (mean + draw_rng.normal(size=(n, d)) @ root).astype(np.float32)
    rows = split_rows(n, seed=seed)
    train = x[rows.train]
    for j in np.flatnonzero((np.ptp(train, axis=0) == 0) & (np.diag(covariance) > 0)):
        raise StudyError(
            f"{where}: {numbered(int(j))} varies too little for float32 relative to its mean; give a larger variance"
        )
    check_spread(train.min(axis=0), train.max(axis=0), where=where)
    return Dataset(
        name=name,
        train=train,
        validation=x[rows.validation],
        test=x[rows.test],
        shape=(d,),
        source=SOURCE,
        read_as=f"a table of {d} columns; values kept as they are",
    )


def _numbers(values: object, what: str) -> np.ndarray:
    try:
        found = np.asarray(values)
        if found.dtype.kind in "biuf":
            with np.errstate(over="ignore"):
                return found.astype(np.float64)
    except ValueError:  # rows of several lengths
        pass
    raise StudyError(f"{what} must be an array of real numbers, got {shown(values)}")


def load(*, seed: int) -> Dataset:
    """The documented example: N(0, `example_covariance()`), train 2,500, validation 500, test 1,500.

    Args:
        seed: decides draws and split.
    """
    return gaussian_dataset(example_covariance(), n=EXAMPLE_N, seed=seed)
