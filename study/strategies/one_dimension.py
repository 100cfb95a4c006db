"""z_j ~ q(z_j) in one dimension, z ~ N(0, 1) in all others; and the converse, z_j ~ N(0, 1), the others from q(z).

j is the dimension whose marginal is farthest from N(0, 1), by KL(q(z_j)‖N(0, 1)). `one-from-q` draws from N(0, I) but
for that dimension, `one-from-prior` from q(z) but for that dimension. The index of the example and the noise are those
of `posterior` and `prior`, so that each differs from them in one coordinate of every draw and nowhere else.

Source: an intervention of this study, asked for in the thread.

The thread: Reeves proposes to take the latent whose posteriors are farthest from N(0, 1) and to compare images made
with its values from both distributions.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import numpy as np
from jaxtyping import Float, Float32, Float64

from study.latents import AggregatePosterior, Latents
from study.latents.marginals import marginal_kl, normal_log_density
from study.strategies.base import Given, Strategy
from study.strategies.parts.draws import shared_draws
from study.strategies.parts.fitted import Unconditional
from study.strategies.parts.settings import check_z


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedMixed(Unconditional):
    """Some dimensions from q(z), all at once, and the others from N(0, 1); location and scale float32.

    Attributes:
        location, scale: of the posteriors.
        from_q: which dimensions come from q(z), 1 or 0.
        density: q(z) of these dimensions alone; None if there are none.
        info: diagnostics.
    """

    location: Float[np.ndarray, "N d"]
    scale: Float[np.ndarray, "N d"]
    from_q: tuple[int, ...]
    density: AggregatePosterior | None
    info: Mapping[str, Any]

    shapes: ClassVar[Mapping[str, str]] = {"location": "Nd", "scale": "Nd"}

    def check(self) -> None:
        """Raise ValueError if the density is not that of the dimensions from q(z)."""
        own = 0 if self.density is None else self.density.latents.d
        if (
            len(self.from_q) != self.location.shape[1]
            or not set(self.from_q) <= {0, 1}
            or sum(self.from_q) != own
        ):
            raise ValueError("the density is not one of the dimensions that come from q(z)")

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        components, d = self.location.shape
        index, epsilon = shared_draws(key, n=n, d=d, components=components)
        drawn = self.location[index] + self.scale[index] * epsilon
        return np.where(np.asarray(self.from_q, bool), drawn, epsilon)

    def log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log-density in nats at z, exact over all N components.

        Raises:
            StudyError: z is not `[n, d]`.
        """
        z = check_z(z, d=len(self.from_q), dtype=None)
        kept = np.asarray(self.from_q, bool)
        found = normal_log_density(z[:, ~kept].astype(np.float64)).sum(axis=1)
        return found if self.density is None else found + self.density.log_prob(z[:, kept])


def farthest(latents: Latents) -> tuple[int, float]:
    """The dimension with the largest KL(q(z_j)‖N(0, 1)), the first of several, and this KL in nats."""
    apart = [marginal_kl(latents.mean[:, j], latents.log_var[:, j]) for j in range(latents.d)]
    return int(np.argmax(apart)), float(max(apart))


def mixed(codes: Latents, *, swapped: bool) -> FittedMixed:
    """The farthest dimension from q(z) and the others from N(0, 1), or not `swapped`, the other way round."""
    j, apart = farthest(codes)
    kept = [i for i in range(codes.d) if (i == j) == swapped]
    density = AggregatePosterior(Latents(codes.mean[:, kept], codes.log_var[:, kept])) if kept else None
    info = {"codes": codes.n, "components": codes.n, "dimension": j, "marginal_kl": apart}
    from_q = tuple(int(i in kept) for i in range(codes.d))
    return FittedMixed(codes.mean, np.exp(0.5 * codes.log_var), from_q, density, info)


@dataclasses.dataclass(frozen=True)
class OneFromQ(Strategy):
    """N(0, I) with the farthest dimension from its own marginal of q(z)."""

    name = "one-from-q"
    kind = "thread"
    source = "discussion thread"
    summary = "z ~ N(0, I), but from q(z_j) the one dimension farthest from N(0, 1)"
    aims_at_q = True
    keeps_data = True
    fits = (FittedMixed,)
    fitted_on = "posteriors"

    def estimate(self, given: Given) -> FittedMixed:
        """Find the dimension; nothing else is estimated."""
        return mixed(given.latents, swapped=True)


@dataclasses.dataclass(frozen=True)
class OneFromPrior(OneFromQ):
    """q(z) with the farthest dimension from N(0, 1), independent of the others."""

    name = "one-from-prior"
    summary = "z ~ q(z), but from N(0, 1) the one dimension farthest from it"

    def estimate(self, given: Given) -> FittedMixed:
        """Find the dimension; nothing else is estimated."""
        return mixed(given.latents, swapped=False)
