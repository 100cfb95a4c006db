"""Coordinates in which q(z) has mean 0 and covariance I: w = L⁻¹(z − m), with m and LLᵀ the moments of the codes."""

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Float32
from scipy.linalg import solve_triangular

from study.errors import CannotFit
from study.latents import Latents
from study.strategies.parts.moments import FitOn, correlations, moments
from study.strategies.parts.settings import check_z

SMALLEST = 1e-6  # smallest eigenvalue of a correlation matrix that float32 can invert


@dataclasses.dataclass(frozen=True, eq=False)
class Whitening:
    """An affine change of coordinates: shift m and lower-triangular scale L, both float64."""

    shift: Float[np.ndarray, " d"]
    scale: Float[np.ndarray, "d d"]

    shapes: ClassVar[Mapping[str, str]] = {"shift": "d", "scale": "dd"}

    def check(self) -> None:
        """Raise ValueError if the scale has no inverse."""
        if not np.diag(self.scale).all():
            raise ValueError("the scale is singular")

    @property
    def d(self) -> int:
        """Number of dimensions."""
        return len(self.shift)

    @property
    def log_determinant(self) -> float:
        """log |det L|: log p(z) = log p(w) − log |det L|."""
        return float(np.log(np.abs(np.diag(self.scale))).sum())

    def apply(self, z: Float[np.ndarray, "n d"]) -> Float32[np.ndarray, "n d"]:
        """w of z.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        white = solve_triangular(
            self.scale, (check_z(z, d=self.d) - self.shift).T, lower=True, check_finite=False
        )
        return white.T.astype(np.float32)

    def invert(self, w: Float[np.ndarray, "n d"]) -> Float32[np.ndarray, "n d"]:
        """z of w."""
        return (self.shift + np.asarray(w, np.float64) @ self.scale.T).astype(np.float32)


def whitening(latents: Latents, *, fit_on: FitOn, isotropic: bool, strategy: str) -> Whitening:
    """The whitening of the codes; with `isotropic`, one scale for all dimensions, so that the mean variance is 1.

    Raises:
        CannotFit: the codes span fewer than d dimensions, to the precision of float32.
    """
    mean, covariance = moments(latents, fit_on=fit_on, strategy=strategy)
    scale, correlation = correlations(covariance, strategy=strategy)
    smallest = np.linalg.eigvalsh(correlation)[0]
    if not smallest > SMALLEST:
        raise CannotFit(
            f"strategy {strategy!r}: the codes span fewer than their {latents.d} dimensions "
            f"(smallest eigenvalue of their correlation {smallest:.2g}); leave dimensions out or use fit_on='samples'"
        )
    if isotropic:
        return Whitening(mean, np.sqrt(np.mean(scale**2)) * np.eye(latents.d))
    return Whitening(mean, np.linalg.cholesky(covariance))
