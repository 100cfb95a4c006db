"""z = (1 − u) a + u b, u uniform on [0, 1], a and b the codes of two training examples, picked independently.

The codes are draws from q(z|x_n) (`fit_on="samples"`) or the means. With `path="slerp"`,
z = [sin((1 − u) Ω) a + sin(u Ω) b] / sin Ω, with Ω the angle between a and b seen from 0. If Ω is 0 or π, as it always
is in one dimension, the path is the straight line. There is no tractable density.

Source: :cite:`white2016`, section 2.1, for the spherical path; the straight one is common practice.

The thread: not named there. "Sample what the encoder learned", and points between codes. Straight lines shrink: the
covariance is ⅔ of that of q(z), and in many dimensions |z| falls short of the radius where N(0, I) has its mass.
"""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32

from study.runtime.checks import whole_number
from study.runtime.keys import Key, as_key
from study.strategies.base import Given, Strategy
from study.strategies.parts.draws import own_key, traced_draws
from study.strategies.parts.fitted import Unconditional
from study.strategies.parts.moments import FitOn

Path = Literal["lerp", "slerp"]
NARROW = 1e-3  # the smallest sin Ω of an arc: below it float32 sees no difference, or codes are opposite


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedPaths(Unconditional):
    """The codes between which to interpolate: location and scale float32."""

    location: Float[np.ndarray, "N d"]
    scale: Float[np.ndarray, "N d"]
    path: Path
    info: Mapping[str, Any]

    shapes: ClassVar[Mapping[str, str]] = {"location": "Nd", "scale": "Nd"}

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        return np.asarray(self.draw(key, n=n))

    def draw(self, key: Key, *, n: int) -> Float32[Array, " {n} d"]:
        """Draw z, the same as `sample`; traceable in `key`."""
        key, n = as_key(key), whole_number(n, name="n")
        return _between(key, self.location, self.scale, n=n, path=self.path)


@functools.partial(jax.jit, static_argnames=("n", "path"))
def _between(
    key: jax.Array, location: Float[Array, "N d"], scale: Float[Array, "N d"], *, n: int, path: Path
) -> Float[Array, " {n} d"]:
    components, d = location.shape
    other_key, weight_key = jax.random.split(own_key(key))

    def end(key: jax.Array) -> Float[Array, "n d"]:
        index, epsilon = traced_draws(key, n=n, d=d, components=components)
        return location[index] + scale[index] * epsilon

    between = lerp if path == "lerp" else slerp
    return between(end(key), end(other_key), jax.random.uniform(weight_key, (n, 1)))


def lerp(a: Float[Array, "n d"], b: Float[Array, "n d"], weight: Float[Array, "n 1"]) -> Float[Array, "n d"]:
    """The straight line from a to b at a weight in [0, 1]."""
    return (1 - weight) * a + weight * b


def slerp(a: Float[Array, "n d"], b: Float[Array, "n d"], weight: Float[Array, "n 1"]) -> Float[Array, "n d"]:
    """The spherical path from a to b at a weight in [0, 1]; the straight line where the path is not unique."""
    lengths = jnp.linalg.norm(a, axis=1, keepdims=True) * jnp.linalg.norm(b, axis=1, keepdims=True)
    cosine = jnp.clip((a * b).sum(axis=1, keepdims=True) / jnp.where(lengths > 0, lengths, 1), -1, 1)
    sine = jnp.sqrt(1 - cosine**2)
    unique = (sine > NARROW) & (lengths > 0)
    angle, safe = jnp.arccos(cosine), jnp.where(unique, sine, 1)
    bent = (jnp.sin((1 - weight) * angle) * a + jnp.sin(weight * angle) * b) / safe
    return jnp.where(unique, bent, lerp(a, b, weight))


@dataclasses.dataclass(frozen=True)
class Interpolation(Strategy):
    """Sampling between two codes; `path` "lerp" or "slerp", `fit_on` "samples" or "means"."""

    path: Path = "lerp"
    fit_on: FitOn = "samples"

    name = "interpolation"
    kind = "fitted"
    source = "White 2016"
    summary = "z on the line between the codes of two training examples, weight uniform"
    aims_at_q = False
    keeps_data = True
    fits = (FittedPaths,)
    density = False
    variants = ({"path": "slerp"},)

    def least_codes(self, d: int) -> int:
        """At least two codes to interpolate between."""
        return 2

    def estimate(self, given: Given) -> FittedPaths:
        """Keep the codes; nothing is estimated."""
        latents = given.latents
        scale = np.exp(0.5 * latents.log_var) if self.fit_on == "samples" else np.zeros_like(latents.mean)
        return FittedPaths(latents.mean, scale, self.path, {"codes": latents.n, "components": latents.n})
