"""A fitted Gaussian mixture, and the code that strategies share which fit one."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import jax
import numpy as np
from jaxtyping import Float, Float32, Float64, Int
from scipy.special import logsumexp
from threadpoolctl import threadpool_limits

from study.errors import CannotFit
from study.latents import Latents
from study.runtime.drawing import choice, permutation, split
from study.runtime.keys import Key, as_key
from study.strategies.parts.draws import own_key, shared_draws
from study.strategies.parts.em import Estimated
from study.strategies.parts.fitted import Unconditional
from study.strategies.parts.gaussian import log_normal
from study.strategies.parts.moments import FitOn, points


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedMixture(Unconditional):
    """Weights, means and lower-triangular choleskys of K components, all float64."""

    weights: Float[np.ndarray, " K"]
    means: Float[np.ndarray, "K d"]
    choleskys: Float[np.ndarray, "K d d"]
    info: Mapping[str, Any]

    shapes: ClassVar[Mapping[str, str]] = {"weights": "K", "means": "Kd", "choleskys": "Kdd"}

    def check(self) -> None:
        """Raise ValueError if the weights are not shares that add up to one."""
        if not (self.weights >= 0).all() or not np.isclose(self.weights.sum(), 1, atol=1e-3):
            raise ValueError("the weights are not shares that add up to one")

    def components(self, key: Key, *, n: int) -> Int[np.ndarray, " {n}"]:
        """The component of each of the n draws that `sample` makes from this key, independent."""
        key = as_key(key)
        return choice(own_key(key), self.weights, n)

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        _, z = shared_draws(key, n=n, d=self.means.shape[1], components=1)
        component = self.components(key, n=n)
        z = z.astype(np.float64)
        for k, (mean, cholesky) in enumerate(zip(self.means, self.choleskys, strict=True)):
            z[component == k] = mean + z[component == k] @ cholesky.T
        return z.astype(np.float32)

    def log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log-density in nats at z."""
        each = [log_normal(z, mean=m, cholesky=c) for m, c in zip(self.means, self.choleskys, strict=True)]
        return logsumexp(np.stack(each), axis=0, b=self.weights[:, None])


def mixture_codes(
    key: jax.Array, latents: Latents, *, fit_on: FitOn, max_codes: int
) -> Float64[np.ndarray, "n d"]:
    """The output of `points`, at most `max_codes` rows of it drawn without replacement."""
    noise_key, subset_key = split(key)
    z = points(noise_key, latents, fit_on=fit_on)
    if len(z) > max_codes:
        z = z[permutation(subset_key, len(z))[:max_codes]]
    return z.astype(np.float64)


def fit_mixture(
    estimate: Callable[[np.ndarray], Estimated],
    z: Float64[np.ndarray, "n d"],
    *,
    components: int,
    reg_covar: float,
    strategy: str,
) -> FittedMixture:
    """A mixture with full covariances estimated from z, in one thread.

    The matrices are small: on cores with other work, two threads of BLAS took ten to fifty times as long as one.

    Raises:
        CannotFit: a covariance collapsed.
    """
    with threadpool_limits(1):
        try:
            found = estimate(z)
            choleskys = np.linalg.cholesky(found.covariances)
        except (ValueError, np.linalg.LinAlgError) as error:
            raise CannotFit(
                f"strategy {strategy!r}: {components} components do not fit {len(z)} codes; take fewer "
                f"components or a larger reg_covar than {reg_covar:g}"
            ) from error
        fitted = FittedMixture(found.weights, found.means, choleskys, {})
        train_log_prob = float(fitted.log_prob(z).mean())
    info = {
        "codes": len(z),
        "components": components,
        "converged": found.converged,
        "iterations": found.iterations,
        "train_log_prob": train_log_prob,
    }
    return dataclasses.replace(fitted, info=info)
