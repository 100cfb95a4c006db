"""Codes and moments of q(z), or of the posterior means alone, as `fit_on` chooses."""

from typing import Literal

import jax
import numpy as np
from jaxtyping import Float32, Float64

from study.errors import CannotFit
from study.latents import AggregatePosterior, Latents

FitOn = Literal["samples", "means"]


def moments(
    latents: Latents, *, fit_on: FitOn, strategy: str
) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, "d d"]]:
    """Mean and covariance; sums are divided by N, since q(z) is a mixture of N components.

    "samples": the exact moments of q(z), E[mean] and Cov(mean) + diag E[exp log_var]. "means": without the term
    E[exp log_var], so narrower by the average posterior variance.

    Raises:
        CannotFit: it is fitted on means, and one dimension of these is constant.
    """
    if fit_on == "samples":
        return AggregatePosterior(latents).moments()
    constant = np.flatnonzero(np.ptp(latents.mean, axis=0) == 0)
    if constant.size:
        raise CannotFit(
            f"strategy {strategy!r}: dimension {constant[0]} of the means is constant (variance 0); "
            "use fit_on='samples' or leave the dimension out"
        )
    mean = latents.mean.astype(np.float64)
    return mean.mean(axis=0), np.atleast_2d(np.cov(mean, rowvar=False, bias=True))


def points(key: jax.Array, latents: Latents, *, fit_on: FitOn) -> Float32[np.ndarray, "N d"]:
    """ "samples": one z ~ q(z|x_n) for every code; "means": its mean."""
    return latents.sample(key) if fit_on == "samples" else latents.mean


def correlations(
    covariance: Float64[np.ndarray, "d d"], *, strategy: str
) -> tuple[Float64[np.ndarray, " d"], Float64[np.ndarray, "d d"]]:
    """Standard deviations and correlations of a covariance.

    Raises:
        CannotFit: a variance is 0, or so small that it rounds to 0 in float64.
    """
    scale = np.sqrt(np.diag(covariance))
    constant = np.flatnonzero(scale == 0)
    if constant.size:
        raise CannotFit(
            f"strategy {strategy!r}: dimension {constant[0]} of the codes is constant and without noise, its variance "
            "0; leave the dimension out"
        )
    return scale, covariance / np.outer(scale, scale)


def whole_cholesky(
    covariance: Float64[np.ndarray, "d d"], *, strategy: str
) -> tuple[Float64[np.ndarray, "d d"], float]:
    """The Cholesky factor of a covariance, and the smallest eigenvalue of its correlations.

    The correlation matrix is factored, so that the test for singularity does not depend on units.

    Raises:
        CannotFit: it is singular.
    """
    scale, correlation = correlations(covariance, strategy=strategy)
    smallest = float(np.linalg.eigvalsh(correlation)[0])
    if smallest <= len(scale) * np.finfo(np.float64).eps:
        raise CannotFit(
            f"strategy {strategy!r}: the codes span fewer than their {len(scale)} dimensions, so their "
            "covariance is singular; use fit_on='samples' or leave the dependent dimensions out"
        )
    return scale[:, None] * np.linalg.cholesky(correlation), smallest
