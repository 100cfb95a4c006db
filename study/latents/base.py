"""Latents: what an encoder says of a data set, and all that most strategies may see of a model."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from study.errors import StudyError


@dataclasses.dataclass(frozen=True, eq=False)
class Latents:
    """Means and log-variances of q(z|x_n), one row per example.

    Attributes:
        mean: `[N, d]` float32.
        log_var: `[N, d]` float32, natural log of the variance.
        labels: `[N]` integers, or None.

    Raises:
        StudyError: shapes disagree, or a value is not finite.
    """

    mean: np.ndarray
    log_var: np.ndarray
    labels: np.ndarray | None = None

    def __post_init__(self) -> None:
        mean = np.asarray(self.mean, np.float32)
        log_var = np.asarray(self.log_var, np.float32)
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
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "log_var", log_var)
        if self.labels is not None:
            labels = np.asarray(self.labels)
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

    def sample(self, key: jax.Array) -> np.ndarray:
        """One z ~ q(z|x_n) for every example, `[N, d]` float32, in the order of the examples."""
        epsilon = jax.random.normal(key, self.mean.shape)
        return np.asarray(self.mean + jnp.exp(0.5 * self.log_var) * epsilon)
