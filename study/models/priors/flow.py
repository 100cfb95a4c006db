"""A normalising flow: z = f⁻¹(u) with u ~ N(0, I), f an elementwise affine map and rational-quadratic couplings.

Source: a flow as prior, :cite:`chen2017`; neural spline flows, :cite:`durkan2019`, equations 4 to 8. In each layer one
half of the dimensions sets the splines of the other half. The halves are chosen by a bit of the dimension's number,
another bit in later layers, so that every pair of dimensions is separated in some layer. f starts as the identity, so
that p(z) = N(0, I) at first.
"""

from collections.abc import Sequence
from types import MappingProxyType

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from study.config import VAEConfig
from study.models.families.vae import VAE
from study.models.networks import MLP
from study.models.normal import log_standard_normal
from study.models.priors.base import Prior

BOUND = 5.0  # splines act within ±BOUND; outside, the map is the identity
LEAST = 1e-3  # lower limit of a bin's share of the width or height, and of a knot's slope
UNIT = 0.541324854612918  # softplus(UNIT) = 1


class FlowPrior(Prior):
    """A learned shift and scale of each dimension, followed by `layers` couplings."""

    def __init__(self, latent_dim: int, *, layers: int, bins: int, hidden: Sequence[int], rngs: nnx.Rngs):
        self.latent_dim = latent_dim
        self.shift = nnx.Param(jnp.zeros((latent_dim,)))
        self.log_scale = nnx.Param(jnp.zeros((latent_dim,)))
        self.couplings = nnx.List(
            [Coupling(i, latent_dim, bins=bins, hidden=hidden, rngs=rngs) for i in range(layers)]
        )

    def log_prob(self, z: Float[Array, "B d"]) -> Float[Array, " B"]:
        """log p(z) in nats."""
        u = (z - self.shift[...][None]) * jnp.exp(-self.log_scale[...])[None]
        log_slope = -self.log_scale[...].sum()
        for coupling in self.couplings:
            u, own = coupling(u)
            log_slope = log_slope + own
        return log_standard_normal(u) + log_slope

    def sample(self, key: jax.Array, *, n: int) -> Float[Array, "{n} d"]:
        """n draws, by the inverse of each layer in closed form."""
        _, noise_key = jax.random.split(key)
        z = jax.random.normal(noise_key, (n, self.latent_dim))
        for coupling in reversed(list(self.couplings)):
            z, _ = coupling(z, inverse=True)
        return self.shift[...][None] + jnp.exp(self.log_scale[...])[None] * z


class Coupling(nnx.Module):
    """One layer: the dimensions in which a certain bit of their number has one value set the splines of the others."""

    def __init__(self, index: int, latent_dim: int, *, bins: int, hidden: Sequence[int], rngs: nnx.Rngs):
        self.index, self.bins = index, bins
        self.network = MLP([latent_dim, *hidden, latent_dim * (3 * bins - 1)], rngs=rngs)
        last = self.network.layers[-1]
        last.kernel[...] = jnp.zeros_like(last.kernel[...])  # the identity

    def __call__(
        self, x: Float[Array, "B d"], *, inverse: bool = False
    ) -> tuple[Float[Array, "B d"], Float[Array, " B"]]:
        """The image of x, and the log-determinant of the map."""
        d = x.shape[1]
        bit = (self.index // 2) % max(1, (d - 1).bit_length())
        moved = (((jnp.arange(d, dtype=jnp.int32) >> bit) & 1) == self.index % 2)[None]
        raw = self.network(jnp.where(moved, 0.0, x)).reshape(len(x), d, -1)
        y, log_slope = spline(x, raw, self.bins, inverse=inverse)
        return jnp.where(moved, y, x), jnp.where(moved, log_slope, 0.0).sum(-1)


def spline(
    x: Float[Array, "B d"], raw: Float[Array, "B d 3*{bins}-1"], bins: int, *, inverse: bool
) -> tuple[Float[Array, "B d"], Float[Array, "B d"]]:
    """A monotone rational-quadratic spline of x with unconstrained parameters raw.

    Returns:
        the value of the spline, or of its inverse, and the log of the slope of that map.
    """
    widths, heights = (
        2 * BOUND * (LEAST + (1 - LEAST * bins) * jax.nn.softmax(part, axis=-1))
        for part in (raw[..., :bins], raw[..., bins : 2 * bins])
    )
    slopes = LEAST + (1 - LEAST) * jax.nn.softplus(raw[..., 2 * bins :] + UNIT)
    slopes = jnp.pad(slopes, ((0, 0), (0, 0), (1, 1)), constant_values=1.0)
    left, bottom = (
        jnp.pad(jnp.cumsum(part, axis=-1)[..., :-1], ((0, 0), (0, 0), (1, 0))) - BOUND
        for part in (widths, heights)
    )
    inside = jnp.abs(x) < BOUND
    within = jnp.where(inside, x, 0.0)  # so that gradients of unused branches do not become NaN
    edges = bottom if inverse else left
    place = (within[..., None] >= edges).sum(-1, keepdims=True, dtype=jnp.int32) - 1
    here = jnp.arange(bins, dtype=jnp.int32)[None, None] == jnp.clip(place, 0, bins - 1)

    def at(values: jax.Array) -> jax.Array:  # a sum, since the gradient of a gather is slow on a CPU
        return jnp.where(here, values, 0.0).sum(-1)

    w, h, x0, y0 = at(widths), at(heights), at(left), at(bottom)
    d0, d1, s = at(slopes[..., :-1]), at(slopes[..., 1:]), h / w
    bend = d0 + d1 - 2 * s
    if inverse:
        rise = within - y0
        a, b, c = h * (s - d0) + rise * bend, h * d0 - rise * bend, -s * rise
        t = 2 * c / (-b - jnp.sqrt(jnp.maximum(jnp.square(b) - 4 * a * c, 0.0)))
    else:
        t = (within - x0) / w
    t = jnp.clip(t, 0.0, 1.0)
    across = t * (1 - t)
    below = s + bend * across
    slope = jnp.square(s / below) * (d1 * jnp.square(t) + 2 * s * across + d0 * jnp.square(1 - t))
    value = x0 + t * w if inverse else y0 + h * (s * jnp.square(t) + d0 * across) / below
    log_slope = -jnp.log(slope) if inverse else jnp.log(slope)
    return jnp.where(inside, value, x), jnp.where(inside, log_slope, 0.0)


class FlowVAE(VAE):
    """The VAE with a flow prior."""

    summary = "as vae, with a learned prior: a flow of rational-quadratic couplings"
    source = "Chen et al. 2017; Durkan et al. 2019"
    quick = MappingProxyType({"layers": 2, "bins": 4, "hidden": (16,)})

    def make_prior(self, config: VAEConfig, size: int, rngs: nnx.Rngs) -> FlowPrior:
        """Couplings over the latent dimensions."""
        own = config.prior
        return FlowPrior(config.latent_dim, layers=own.layers, bins=own.bins, hidden=own.hidden, rngs=rngs)
