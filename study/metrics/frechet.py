"""Fréchet distance: the difference in mean and covariance between two Gaussians fitted to features.

The distance between two samples of one distribution is not zero: it grows with f and falls with n. So compare values
at equal n only, and with the value of held-out data (:cite:`binkowski2018`).
"""

import dataclasses
import math
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Float64

from study.metrics.base import Metric, Prepared, Score
from study.metrics.reference import HALF, Reference

_GROUPS = 16


@dataclasses.dataclass(frozen=True, eq=False)
class Moments:
    """Mean, covariance (divided by n - 1) and its symmetric root."""

    mean: Float64[np.ndarray, " f"]
    covariance: Float64[np.ndarray, "f f"]
    root: Float64[np.ndarray, "f f"] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", symmetric_root(self.covariance))

    @classmethod
    def of(cls, features: Float[np.ndarray, "n f"]) -> "Moments":
        """Moments of features, n at least 2."""
        x = np.asarray(features, np.float64)
        return cls(x.mean(axis=0), np.atleast_2d(np.cov(x, rowvar=False)))


def symmetric_root(covariance: Float[np.ndarray, "*S f f"]) -> Float[np.ndarray, "*S f f"]:
    """The symmetric square root of covariances, which may be singular."""
    values, vectors = np.linalg.eigh(covariance)
    scaled = vectors * np.sqrt(np.clip(values, 0, None))[..., None, :]
    return scaled @ np.swapaxes(vectors, -1, -2)


@runtime_checkable
class HasMoments(Protocol):
    """Mean, covariance and its symmetric root, of one set or of S."""

    @property
    def mean(self) -> Float[np.ndarray, "*S f"]: ...  # noqa: D102
    @property
    def covariance(self) -> Float[np.ndarray, "*S f f"]: ...  # noqa: D102
    @property
    def root(self) -> Float[np.ndarray, "*S f f"]: ...  # noqa: D102


def frechet_distance(
    mean: Float[np.ndarray, "*S f"], covariance: Float[np.ndarray, "*S f f"], *, reference: HasMoments
) -> Float64[np.ndarray, "*S"]:
    """|m - m'|² + tr(C + C' - 2 (C'^½ C C'^½)^½), :cite:`dowson1982`, :cite:`heusel2017` eq. 6.

    The trace of the root is the sum of the square roots of the eigenvalues of a symmetric product, which exist for
    any rank. Eigenvalues within rounding of zero count as zero, since the root would magnify the rounding error.

    Args:
        mean, covariance: m and C, of one set or of S.
        reference: C' and m', one for all or one for each.

    Returns:
        In squared units of the features, never negative.
    """
    values = np.linalg.eigvalsh(reference.root @ covariance @ reference.root)
    rounding = np.finfo(np.float64).eps * values.shape[-1] * np.abs(values).max(axis=-1, keepdims=True)
    overlap = np.sqrt(np.where(values > rounding, values, 0)).sum(axis=-1)
    traces = np.trace(covariance + reference.covariance, axis1=-2, axis2=-1)
    shift = ((mean - reference.mean) ** 2).sum(axis=-1)
    return np.asarray(np.clip(shift + traces - 2 * overlap, 0, None))


def fd(features: Float[np.ndarray, "n f"], moments: Moments) -> Score:
    """Fréchet distance of features, n at least 3, from the reference's moments.

    The standard error is a delete-a-group jackknife over the samples (up to 16 groups,
    :cite:`shao1995`); the reference is fixed, since all strategies are compared with the same one.
    """
    x = np.asarray(features, np.float64)
    n, mean = len(x), x.mean(axis=0)
    groups = [(x - mean)[first::_GROUPS] for first in range(min(_GROUPS, n))]
    products = np.stack([group.T @ group for group in groups])
    total = products.sum(axis=0)
    value = frechet_distance(mean, total / (n - 1), reference=moments)
    left = n - np.array([len(group) for group in groups])
    means = -np.stack([group.sum(axis=0) for group in groups]) / left[:, None]
    outer = means[:, :, None] * means[:, None, :]
    covariances = (total - products - left[:, None, None] * outer) / (left - 1)[:, None, None]
    without = frechet_distance(mean + means, covariances, reference=moments)
    stderr = math.sqrt((len(groups) - 1) * without.var())
    return Score(float(value), stderr)


def _prepare(real: Reference) -> Prepared:
    moments = Moments.of(real.features)
    return Prepared(f"{HALF}, {real.view}", lambda samples: fd(samples.features, moments))


def _prepare_pixels(real: Reference) -> Prepared:
    moments = Moments.of(real.components)
    return Prepared(f"{HALF}, PCA of {real.values}", lambda samples: fd(samples.components, moments))


FD = Metric(
    "fd",
    label="FD",
    summary="Fréchet distance of Gaussians fitted to the features of samples and reference",
    source="Heusel et al. 2017; Dowson & Landau 1982",
    better="lower",
    meaning=(
        "Fréchet distance between Gaussians fitted to the features; biased upwards at finite n, so compare "
        "it with the `held-out` row, not with 0"
    ),
    prepare=_prepare,
)
FD_PIXELS = Metric(
    "fd_pixels",
    label="FD on pixels",
    summary="Fréchet distance on principal components of the pixels: a second view",
    source="Heusel et al. 2017; Dowson & Landau 1982",
    better="lower",
    meaning="FD on principal components of the pixels instead of features",
    prepare=_prepare_pixels,
    needs="no table",
)
FD_COLUMNS = Metric(
    "fd_columns",
    label="FD on columns",
    summary="Fréchet distance on principal components of the columns: a second view",
    source="Heusel et al. 2017; Dowson & Landau 1982",
    better="lower",
    meaning="FD on principal components of the columns instead of features",
    prepare=_prepare_pixels,
    needs="table",
)
