"""z = m + L w, w drawn by a diffusion model of the whitened codes.

w_t = α_t w + σ_t ε with α_t = cos(πt/2), σ_t = sin(πt/2), t in [0, 1]. A perceptron predicts v = α_t ε − σ_t w by
least squares :cite:`salimans2022`, appendix D. From w_1 ~ N(0, I) the estimates ŵ = α_t w_t − σ_t v̂ and
ε̂ = σ_t w_t + α_t v̂ lead back to t = 0 over an even grid of `sampling_steps` steps t → s,

    w_s = α_s ŵ + (σ_s² − η² τ²)^½ ε̂ + η τ ε,   τ² = (σ_s²/σ_t²) (1 − α_t²/α_s²),

equation 12 of :cite:`song2021`: `sampler="ddim"` is η = 0, no new noise; `sampler="ancestral"` is η = 1, a draw from
the Gaussian q(w_s | w_t, ŵ) :cite:`ho2020`. Its density is not tractable here.

Source: diffusion in the codes of a trained autoencoder, :cite:`rombach2022`, section 3.2, as a small perceptron.

The thread: not named there. "Sample what the encoder learned", without keeping the data, by the strongest of the
density models; it starts from noise, as "sample the prior" does, and moves that to where the codes are.
"""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np

from study.errors import StudyError
from study.latents import Latents
from study.strategies._draws import own_key
from study.strategies._mlp import apply_mlp, initialise_mlp
from study.strategies._training import Coordinates, Info, Parameters, TrainedStrategy
from study.strategies._whitening import Whitening
from study.strategies.base import shared_draws

Sampler = Literal["ddim", "ancestral"]
WAVES = 8  # sines and cosines of t beside w_t


@dataclasses.dataclass(frozen=True, eq=False)
class FittedDiffusion:
    """The network's layers and how to draw from it; no tractable density."""

    network: Mapping[str, np.ndarray]
    sampler: Sampler
    sampling_steps: int
    whitening: Whitening
    info: Mapping[str, Any]

    def sample(self, key: jax.Array, *, n: int, labels: np.ndarray | None = None) -> np.ndarray:
        """Draw z `[n, d]` float32; `labels` play no part in an unconditional draw."""
        _, start = shared_draws(key, n=n, d=self.whitening.d, components=1)
        ancestral = self.sampler == "ancestral"
        w = _denoise(self.network, start, own_key(key), steps=self.sampling_steps, ancestral=ancestral)
        return self.whitening.invert(np.asarray(w))


@dataclasses.dataclass(frozen=True)
class LatentDiffusion(TrainedStrategy):
    """A diffusion model on whitened codes.

    Attributes:
        width: hidden units of the network's three hidden layers.
        sampler: "ddim" or "ancestral".
        sampling_steps: steps of the sampler.
    """

    steps: int = 10_000
    width: int = 128
    sampler: Sampler = "ddim"
    sampling_steps: int = 40

    name: ClassVar[str] = "latent-diffusion"
    source: ClassVar[str] = "Rombach et al. 2022; Ho et al. 2020; Song et al. 2021"
    summary: ClassVar[str] = "z from a diffusion model fitted to q(z)"
    density: ClassVar[bool] = False
    conditional: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.sampler not in get_args(Sampler):
            raise StudyError(
                f"strategy {self.name!r}: sampler must be 'ddim' or 'ancestral', got {self.sampler!r}"
            )

    def initialise(self, key: jax.Array, d: int) -> Parameters:
        """A network whose first prediction is v = 0."""
        return initialise_mlp(key, (d + 2 * WAVES, *(self.width,) * 3, d), last=0.0)

    def loss(self, parameters: Parameters, key: jax.Array, w: jax.Array, at: Coordinates) -> jax.Array:
        """Mean squared error of v; times stratified over the minibatch, which lowers its variance."""
        time_key, noise_key = jax.random.split(key)
        n = len(w)
        t = (jnp.arange(n, dtype=jnp.float32) + jax.random.uniform(time_key, (n,))) / n
        alpha, sigma = (a[:, None] for a in _levels(t))
        noise = jax.random.normal(noise_key, w.shape)
        v = _velocity(parameters, alpha * w + sigma * noise, t)
        return jnp.square(v - (alpha * noise - sigma * w)).mean()

    def finish(
        self, key: jax.Array, parameters: Parameters, at: Whitening, info: Info, validation: Latents | None
    ) -> FittedDiffusion:
        """Keep the network."""
        return FittedDiffusion(parameters, self.sampler, self.sampling_steps, at, info)


def _levels(t: jax.Array) -> tuple[jax.Array, jax.Array]:
    return jnp.cos(0.5 * jnp.pi * t), jnp.sin(0.5 * jnp.pi * t)


def _velocity(network: Mapping[str, Any], w: jax.Array, t: jax.Array) -> jax.Array:
    """v̂ `[n, d]` at w `[n, d]` and t `[n]`."""
    angle = jnp.pi * t[:, None] * jnp.arange(1, WAVES + 1, dtype=jnp.float32)[None, :]
    return apply_mlp(dict(network), jnp.concatenate([w, jnp.sin(angle), jnp.cos(angle)], axis=1))


@functools.partial(jax.jit, static_argnames=("steps", "ancestral"))
def _denoise(
    network: Mapping[str, Any], w: jax.Array, key: jax.Array, *, steps: int, ancestral: bool
) -> jax.Array:
    """From w_1 `[n, d]` to w_0."""

    def step(w: jax.Array, number: jax.Array) -> tuple[jax.Array, None]:
        t = 1 - number.astype(jnp.float32) / steps
        (alpha, sigma), (alpha_next, sigma_next) = _levels(t), _levels(t - 1 / steps)
        sigma_next = jnp.where(number == steps - 1, 0, sigma_next)
        v = _velocity(network, w, jnp.full(len(w), t))
        code, noise = alpha * w - sigma * v, sigma * w + alpha * v
        if not ancestral:
            return alpha_next * code + sigma_next * noise, None
        fresh = sigma_next / sigma * jnp.sqrt(jnp.maximum(0, 1 - jnp.square(alpha / alpha_next)))
        kept = jnp.sqrt(jnp.maximum(0, jnp.square(sigma_next) - jnp.square(fresh)))
        new = jax.random.normal(jax.random.fold_in(key, number), w.shape)
        return alpha_next * code + kept * noise + fresh * new, None

    return jax.lax.scan(step, w, jnp.arange(steps, dtype=jnp.int32))[0]
