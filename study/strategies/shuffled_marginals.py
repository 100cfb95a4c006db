"""z ~ Π_j q(z_j): in each dimension its own n_j uniform on the training examples, then z_j ~ q(z_j|x_{n_j}).

Every marginal of q(z) is kept exactly, and all dependence between dimensions is removed. With `fit_on="means"`,
z_j = mean_j(x_{n_j}), which has no density.

Source: the permuted codes of :cite:`kim2018`, algorithm 1, there used to estimate total correlation.

The thread: not named there. It takes one half from each side: each dimension is "what the encoder learned", but
dimensions are independent, as in "sample the prior".
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import numpy as np
from jaxtyping import Float, Float32, Float64

from study.latents import AggregatePosterior, Latents
from study.strategies.base import Given, Rung, Strategy
from study.strategies.parts.draws import own_key, shared_draws
from study.strategies.parts.fitted import Unconditional
from study.strategies.parts.moments import FitOn
from study.strategies.parts.settings import check_z


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedMarginals(Unconditional):
    """z_j = location[n_j, j] + scale[n_j, j] ε_j, n_j independent; location and scale float32."""

    location: Float[np.ndarray, "N d"]
    scale: Float[np.ndarray, "N d"]
    info: Mapping[str, Any]

    shapes: ClassVar[Mapping[str, str]] = {"location": "Nd", "scale": "Nd"}

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        components, d = self.location.shape
        _, epsilon = shared_draws(key, n=n, d=d, components=components)
        index = np.asarray(jax.random.randint(own_key(key), (n, d), 0, components))
        return (
            np.take_along_axis(self.location, index, 0) + np.take_along_axis(self.scale, index, 0) * epsilon
        )


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedMarginalsDensity(FittedMarginals):
    """`FittedMarginals` with noise, whose density is a product of d one-dimensional mixtures."""

    marginals: tuple[AggregatePosterior, ...]

    def check(self) -> None:
        """Raise ValueError if there is not one marginal for each dimension."""
        if [q.latents.d for q in self.marginals] != [1] * self.location.shape[1]:
            raise ValueError("there is not one marginal for each dimension")

    def log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log-density in nats at z, exact over all N components of each marginal.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        z = check_z(z, d=len(self.marginals), dtype=None)
        return np.sum([q.log_prob(z[:, j : j + 1]) for j, q in enumerate(self.marginals)], axis=0)


@dataclasses.dataclass(frozen=True)
class ShuffledMarginals(Strategy):
    """Each dimension resampled on its own; `fit_on` "samples" or "means"."""

    fit_on: FitOn = "samples"

    name = "shuffled-marginals"
    kind = "fitted"
    source = "Kim and Mnih 2018"
    summary = "z_j ~ q(z_j), every dimension resampled on its own"
    aims_at_q = True
    keeps_data = True
    fits = (FittedMarginals, FittedMarginalsDensity)
    rung = Rung(2, "+ marginal shape")

    @property
    def has_density(self) -> bool:
        """False on means, whose marginals are atoms."""
        return self.fit_on == "samples"

    def least_codes(self, d: int) -> int:
        """At least two codes to shuffle."""
        return 2

    def estimate(self, given: Given) -> FittedMarginals:
        """Keep the codes; nothing is estimated."""
        mean, log_var, n = given.latents.mean, given.latents.log_var, given.latents.n
        info = {"codes": n, "components": n}
        if self.fit_on == "means":
            return FittedMarginals(mean, np.zeros_like(mean), info)
        columns = [slice(j, j + 1) for j in range(given.latents.d)]
        marginals = tuple(AggregatePosterior(Latents(mean[:, j], log_var[:, j])) for j in columns)
        return FittedMarginalsDensity(mean, np.exp(0.5 * log_var), info, marginals)
