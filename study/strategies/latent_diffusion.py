"""z = m + L w, w drawn by a diffusion model of the whitened codes.

w_t = α_t w + σ_t ε with α_t = cos(πt/2), σ_t = sin(πt/2), t in [0, 1]. A perceptron predicts v = α_t ε − σ_t w by
least squares :cite:`salimans2022`, appendix D. Sampling starts at w_1 ~ N(0, I) and goes back to t = 0 through the
times t = (k/K)², K = `sampling_steps`. With ŵ = α_t w_t − σ_t v̂ and ε̂ = σ_t w_t + α_t v̂, a step from t to s < t is

    w_s = α_s ŵ + (σ_s² − η² τ²)^½ ε̂ + η τ ε,   τ² = (σ_s²/σ_t²) (1 − α_t²/α_s²),

equation 12 of :cite:`song2021`: `sampler="ddim"` is η = 0, no new noise; `sampler="ancestral"` is η = 1, a draw from
the Gaussian q(w_s | w_t, ŵ) :cite:`ho2020`. Both are of first order and their draws are too narrow: by 4.5 and 9.5 %
with K = 40 and the exact network of a Gaussian of standard deviation 0.16. `sampler="multistep"` extrapolates ŵ from
the last two steps, DPM-Solver++(2M) :cite:`lu2022`, algorithm 2, at no extra cost, and is off by 1.1 %. The density
is not tractable here.

Source: diffusion in the codes of a trained autoencoder, :cite:`rombach2022`, section 3.2, as a small perceptron.

The thread: not named there. "Sample what the encoder learned", without keeping the data, by the most flexible of the
fitted models; it starts from noise, as "sample the prior" does, and transports the noise to where the codes are.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Scalar

from study.strategies.parts.draws import own_key, shared_draws
from study.strategies.parts.fitted import Unconditional
from study.strategies.parts.mlp import apply_mlp, check_mlp, initialise_mlp
from study.strategies.parts.training import Coordinates, Info, Parameters, TrainedStrategy
from study.strategies.parts.whitening import Whitening

Sampler = Literal["multistep", "ddim", "ancestral"]
Velocity = Callable[[Float[Array, "n d"], Float[Array, " n"]], Float[Array, "n d"]]
WAVES = 8  # sines and cosines of t, inputs of the network beside w_t


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedDiffusion(Unconditional):
    """The network's layers and the sampler; no tractable density."""

    network: Mapping[str, np.ndarray]
    sampler: Sampler
    sampling_steps: int
    whitening: Whitening
    info: Mapping[str, Any]

    def check(self) -> None:
        """Raise ValueError if network and codes differ in d, or the sampler's settings are invalid."""
        check_mlp(self.network, inputs=self.whitening.d + 2 * WAVES, outputs=self.whitening.d)
        LatentDiffusion(sampler=self.sampler, sampling_steps=self.sampling_steps)

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        _, start = shared_draws(key, n=n, d=self.whitening.d, components=1)
        w = _draw(self.network, start, own_key(key), steps=self.sampling_steps, sampler=self.sampler)
        return self.whitening.invert(np.asarray(w))


@dataclasses.dataclass(frozen=True)
class LatentDiffusion(TrainedStrategy):
    """A diffusion model on whitened codes.

    Attributes:
        width: hidden units of the network's three hidden layers.
        sampler: "multistep", "ddim" or "ancestral".
        sampling_steps: steps of the sampler.
    """

    steps: int = 10_000
    batch_size: int = 256
    learning_rate: float = 3e-3
    width: int = 128
    sampler: Sampler = "multistep"
    sampling_steps: int = 40

    name = "latent-diffusion"
    source = "Rombach et al. 2022; Ho et al. 2020; Song et al. 2021"
    summary = "z from a diffusion model fitted to q(z)"
    aims_at_q = True
    fits = (FittedDiffusion, Whitening)
    density = False
    quick = MappingProxyType({"steps": 20, "batch_size": 64})
    variants = ({"sampler": "ddim"}, {"sampler": "ancestral"})
    drawing = ("sampler", "sampling_steps")

    def initialise(self, key: jax.Array, d: int) -> Parameters:
        """A network whose first prediction is v = 0."""
        return initialise_mlp(key, (d + 2 * WAVES, *(self.width,) * 3, d), last=0.0)

    def loss(self, parameters: Parameters, key: jax.Array, w: Float[Array, "B d"], at: Coordinates) -> Scalar:
        """Mean squared error of v; times stratified over the minibatch, which lowers its variance."""
        time_key, noise_key = jax.random.split(key)
        n = len(w)
        t = (jnp.arange(n, dtype=jnp.float32) + jax.random.uniform(time_key, (n,))) / n
        alpha, sigma = (a[:, None] for a in _levels(t))
        noise = jax.random.normal(noise_key, w.shape)
        v = _velocity(parameters, alpha * w + sigma * noise, t)
        return jnp.square(v - (alpha * noise - sigma * w)).mean()

    def finish(self, key: jax.Array, parameters: Parameters, at: Whitening, info: Info) -> FittedDiffusion:
        """Keep the network."""
        return FittedDiffusion(parameters, self.sampler, self.sampling_steps, at, info)


def _levels(t: Float[Array, " n"]) -> tuple[Float[Array, " n"], Float[Array, " n"]]:
    return jnp.cos(0.5 * jnp.pi * t), jnp.sin(0.5 * jnp.pi * t)


def _velocity(
    network: Mapping[str, Any], w: Float[Array, "n d"], t: Float[Array, " n"]
) -> Float[Array, "n d"]:
    """v̂ at w and t."""
    angle = jnp.pi * t[:, None] * jnp.arange(1, WAVES + 1, dtype=jnp.float32)[None, :]
    return apply_mlp(dict(network), jnp.concatenate([w, jnp.sin(angle), jnp.cos(angle)], axis=1))


@functools.partial(jax.jit, static_argnames=("steps", "sampler"))
def _draw(
    network: Mapping[str, Any], start: Float[Array, "n d"], key: jax.Array, *, steps: int, sampler: Sampler
) -> Float[Array, "n d"]:
    return denoise(functools.partial(_velocity, network), start, key, steps=steps, sampler=sampler)


def denoise(
    velocity: Velocity, w: Float[Array, "n d"], key: jax.Array, *, steps: int, sampler: Sampler
) -> Float[Array, "n d"]:
    """Integrate from w_1 to w_0; velocity takes w and t."""
    grid = np.square(np.linspace(1, 0, steps + 1))
    alpha, sigma = np.cos(0.5 * np.pi * grid), np.sin(0.5 * np.pi * grid)
    with np.errstate(divide="ignore"):
        snr = np.log(alpha) - np.log(
            sigma
        )  # half the logarithm of the signal-to-noise ratio; -inf at t = 1 or near
    new, fresh = np.zeros(steps), np.zeros(steps)
    if sampler == "multistep":  # needs two steps behind it, and a finite one ahead
        new[2:-1] = 0.5 * (snr[3:-1] - snr[2:-2]) / (snr[2:-2] - snr[1:-3])
    if sampler == "ancestral":
        fresh = sigma[1:] / sigma[:-1] * np.sqrt(1 - np.square(alpha[:-1] / alpha[1:]))
    kept = np.sqrt(np.square(sigma[1:]) - np.square(fresh))
    columns = (grid[:-1], alpha[:-1], sigma[:-1], alpha[1:], kept, fresh, new)

    def step(state: tuple[jax.Array, jax.Array], now: tuple[jax.Array, ...]) -> tuple[Any, None]:
        w, last = state
        number, t, a, s, a_next, kept, fresh, new = now
        v = velocity(w, jnp.full(len(w), t))
        code = a * w - s * v
        ahead = code + new * (code - last)
        noise = (w - a * ahead) / s
        w = a_next * ahead + kept * noise
        if sampler == "ancestral":
            w = w + fresh * jax.random.normal(jax.random.fold_in(key, number), w.shape)
        return (w, code), None

    rows = (jnp.arange(steps, dtype=jnp.int32), *(jnp.asarray(c, jnp.float32) for c in columns))
    return jax.lax.scan(step, (w, w), rows)[0][0]
