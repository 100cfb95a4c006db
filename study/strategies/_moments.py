"""Moments of q(z), or of its means alone: what `fit_on` chooses."""

from typing import Literal, get_args

import numpy as np

from study.errors import StudyError
from study.latents import AggregatePosterior, Latents

FitOn = Literal["samples", "means"]


def check_fit_on(fit_on: str, *, strategy: str) -> None:
    """Raise StudyError where `fit_on` is neither "samples" nor "means"."""
    if fit_on not in get_args(FitOn):
        raise StudyError(f"strategy {strategy!r}: fit_on must be 'samples' or 'means', got {fit_on!r}")


def moments(latents: Latents, *, fit_on: FitOn, strategy: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean `[d]` and covariance `[d, d]`, float64, divided by N as for any mixture of N components.

    "samples": the exact moments of q(z), E[mean] and Cov(mean) + diag E[exp log_var]. "means": without the
    second term, so narrower by the average posterior variance.

    Raises:
        StudyError: fit on means, of which one dimension is constant.
    """
    if fit_on == "samples":
        return AggregatePosterior(latents).moments()
    constant = np.flatnonzero(np.ptp(latents.mean, axis=0) == 0)
    if constant.size:
        raise StudyError(
            f"strategy {strategy!r}: dimension {constant[0]} of the means is constant, its variance 0; "
            "use fit_on='samples' or leave the dimension out"
        )
    mean = latents.mean.astype(np.float64)
    return mean.mean(axis=0), np.atleast_2d(np.cov(mean, rowvar=False, bias=True))
