"""Latents: an encoder's output for a data set, which is all that most strategies see of a model."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import numpy as np
from jaxtyping import Float, Float32, Float64, Integer

from study.data.labels import are_names, class_numbers
from study.errors import StudyError
from study.models.likelihoods import gaussian_kl
from study.runtime.arrays import numbers
from study.runtime.brief import Brief
from study.runtime.checks import shown
from study.runtime.keys import Key, as_key

LARGEST_LOG_VAR = 40.0  # so that squares of variances, and sums of z² over examples, are finite in float32


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Latents(Brief):
    """Means and log-variances of q(z|x_n), one row per example.

    Attributes:
        mean: stored as float32.
        log_var: natural log of the variance, stored as float32, at most 40.
        labels: whole numbers, or None; texts are numbered in sorted order, and are then the names of the classes.
        class_names: names of the classes 0..C-1, by which they can be asked for; empty if numbers are their names.

    Raises:
        StudyError: shapes disagree, a value is not a finite number, a log_var is above 40, or labels are not whole
            numbers.
    """

    mean: Float[np.ndarray, "N d"]
    log_var: Float[np.ndarray, "N d"]
    labels: Integer[np.ndarray, " N"] | None = None
    class_names: tuple[str, ...] = ()

    shapes: ClassVar[Mapping[str, str]] = {
        "mean": "Nd",
        "log_var": "Nd",
        "labels": "N",
    }  # where read from a file

    def __post_init__(self) -> None:
        mean = numbers(self.mean, name="latents: mean")
        log_var = numbers(self.log_var, name="latents: log_var")
        if mean.ndim != 2 or mean.shape != log_var.shape:
            raise StudyError(
                f"latents: mean and log_var must both be [N, d], got {list(mean.shape)} and {list(log_var.shape)}"
            )
        if 0 in mean.shape:
            raise StudyError(f"latents: no codes to work on, got shape {list(mean.shape)}")
        for name, array in (("mean", mean), ("log_var", log_var)):
            bad = ~np.isfinite(array)
            if bad.any():
                row, column = np.argwhere(bad)[0]
                raise StudyError(
                    f"latents: {name} has {bad.sum()} values that are not finite, the first at "
                    f"example {row}, dimension {column}; leave those examples out"
                )
        if log_var.max() > LARGEST_LOG_VAR:
            row, column = np.unravel_index(np.argmax(log_var), log_var.shape)
            raise StudyError(
                f"latents: log_var is {log_var[row, column]:g} at example {row}, dimension {column}; a variance above "
                f"exp({LARGEST_LOG_VAR:g}) overflows float32: give natural logs of variances, or leave out that example"
            )
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "log_var", log_var)
        if self.labels is not None and are_names(self.labels):
            names = self.class_names or tuple(sorted({str(one) for one in np.asarray(self.labels)}))
            object.__setattr__(self, "class_names", names)
            object.__setattr__(self, "labels", class_numbers(self.labels, names, what="latents: labels"))
        if self.labels is not None:
            labels = numbers(self.labels, name="latents: labels", dtype=None)
            if labels.dtype.kind == "f":
                raise StudyError(f"latents: labels must be whole numbers, got {labels.dtype}")
            if labels.shape != (len(mean),):
                raise StudyError(f"latents: labels must be [{len(mean)}], got {list(labels.shape)}")
            object.__setattr__(self, "labels", labels)

    @property
    def n(self) -> int:
        """Number of examples N."""
        return self.mean.shape[0]

    @property
    def d(self) -> int:
        """Number of latent dimensions d."""
        return self.mean.shape[1]

    def _facts(self) -> Mapping[str, Any]:
        wide = np.exp(0.5 * self.log_var, dtype=np.float64)
        classes = {} if self.labels is None else {"classes": len(np.unique(self.labels))}
        return {
            "n": self.n,
            "d": self.d,
            **classes,
            "sd_of_means": float(self.mean.std(0, dtype=np.float64).mean()),
            "mean_sd": float(wide.mean()),
        }

    def sample(self, key: Key) -> Float32[np.ndarray, "{self.n} {self.d}"]:
        """One z ~ q(z|x_n) for every example, in the order of the examples."""
        key = as_key(key)
        epsilon = np.asarray(jax.random.normal(key, self.mean.shape))
        return self.mean + np.exp(0.5 * self.log_var) * epsilon

    def kl(self) -> Float64[np.ndarray, "{self.n} {self.d}"]:
        """KL(q(zⱼ|xₙ) ‖ N(0, 1)) of every example and dimension, in nats."""
        return np.asarray(_kl(self.mean, self.log_var), np.float64)


def require_latents(what: str, *values: Any) -> None:
    """Raise StudyError if one of the values is not `Latents`."""
    for value in values:
        if not isinstance(value, Latents):
            raise StudyError(f"{what}: give Latents(mean, log_var), got {shown(value)}")


_kl = jax.jit(gaussian_kl)
