"""Strategies that pick a training example and scatter around its code: z = location_n + scale_n ε."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
import numpy as np
from jaxtyping import Float, Float32, Float64

from study.latents import AggregatePosterior, Latents
from study.strategies.base import Given, Strategy
from study.strategies.parts.draws import shared_draws
from study.strategies.parts.fitted import Unconditional


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedCodes(Unconditional):
    """n uniform over the codes, z = location_n + scale_n ε; location and scale float32."""

    location: Float[np.ndarray, "N d"]
    scale: Float[np.ndarray, "N d"]
    info: Mapping[str, Any]

    shapes: ClassVar[Mapping[str, str]] = {"location": "Nd", "scale": "Nd"}

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        components, d = self.location.shape
        index, epsilon = shared_draws(key, n=n, d=d, components=components)
        return self.location[index] + self.scale[index] * epsilon


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedCodesDensity(FittedCodes):
    """`FittedCodes` whose scales are all positive, so that the mixture has a density."""

    density: AggregatePosterior

    shapes: ClassVar[Mapping[str, str]] = {"location": "Nd", "scale": "Nd", "density.latents.mean": "Nd"}

    def log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log-density in nats at z, exact over all N components."""
        return self.density.log_prob(z)


@dataclasses.dataclass(frozen=True)
class Atoms(Strategy):
    """Draws one of N points, one for each training example; a subclass computes the points in `place`."""

    kind = "thread"
    source = "discussion thread"
    aims_at_q = False
    keeps_data = True
    fits = (FittedCodes,)
    density = False

    def place(self, codes: Latents) -> Float32[np.ndarray, "N d"]:
        """The points."""
        raise NotImplementedError

    def estimate(self, given: Given) -> FittedCodes:
        """Keep the points; nothing is estimated."""
        at, n = self.place(given.latents), given.latents.n
        return FittedCodes(at, np.zeros_like(at), {"codes": n, "components": n})
