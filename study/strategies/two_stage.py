"""u ~ N(0, I), z ~ N(decoder(u), γ² I): a second VAE, trained on z ~ q(z), with its noise γ learned.

Its loss includes every term of the Gaussian negative log-likelihood, also d log γ and the constant, so γ falls as far
as the codes allow and no further; with a fixed γ = 1 noise and a poor decoder could not be distinguished. Draws include
the noise; without it their variance would be too small by γ² in every direction. Codes are centred and scaled by one
number, which keeps the noise isotropic.

Source: :cite:`dai2019`, section 4, and equation 8 for γ. Fresh z ~ q(z|x_n) at every step. The residual blocks have
width `width`, smaller than in the paper (1024), for codes of a few dozen dimensions.

The thread: not named there. It does what both sides ask for: it learns the distribution of the encoder's codes, and it
samples a prior N(0, I), that of the second VAE, whose own codes should match it.
"""

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Scalar

from study.models.normal import LOG_2PI
from study.strategies.parts.draws import own_key, shared_draws
from study.strategies.parts.fitted import Unconditional
from study.strategies.parts.mlp import apply_mlp, check_mlp, initialise_mlp
from study.strategies.parts.training import Coordinates, Info, Parameters, TrainedStrategy
from study.strategies.parts.whitening import Whitening

START = -2.0  # initial log γ: at 0 the codes look like pure noise, and the encoder collapses to the prior


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FittedTwoStage(Unconditional):
    """The second decoder and its noise; no tractable density."""

    decoder: Mapping[str, np.ndarray]
    gamma: float
    whitening: Whitening
    info: Mapping[str, Any]

    def check(self) -> None:
        """Raise ValueError if the decoder's outputs do not match the codes, or its noise is not positive."""
        check_mlp(self.decoder, inputs=self.whitening.d, outputs=self.whitening.d)
        if self.gamma <= 0:
            raise ValueError("the noise is not positive")

    def _sample(self, key: jax.Array, n: int) -> Float32[np.ndarray, " {n} d"]:
        d = self.whitening.d
        _, u = shared_draws(key, n=n, d=d, components=1)
        noise = np.asarray(jax.random.normal(own_key(key), (n, d)))
        return self.whitening.invert(np.asarray(_decode(self.decoder, u)) + self.gamma * noise)


@dataclasses.dataclass(frozen=True)
class TwoStage(TrainedStrategy):
    """A second VAE.

    Attributes:
        width: hidden units of the three hidden layers of its encoder and of its decoder.
    """

    steps: int = 10_000
    batch_size: int = 256
    learning_rate: float = 4e-3
    width: int = 128

    name = "two-stage"
    source = "Dai and Wipf 2019"
    summary = "z from a second VAE on q(z), its noise learned and drawn"
    aims_at_q = True
    fits = (FittedTwoStage, Whitening)
    density = False
    quick = MappingProxyType({"steps": 20, "batch_size": 64})
    isotropic = True

    def initialise(self, key: jax.Array, d: int) -> Parameters:
        """Encoder, decoder and log γ."""
        encoder_key, decoder_key = jax.random.split(key)
        hidden = (self.width,) * 3
        return {
            "encoder": initialise_mlp(encoder_key, (d, *hidden, 2 * d)),
            "decoder": initialise_mlp(decoder_key, (d, *hidden, d)),
            "log_gamma": jnp.float32(START),
        }

    def loss(self, parameters: Parameters, key: jax.Array, w: Float[Array, "B d"], at: Coordinates) -> Scalar:
        """The negative evidence lower bound in nats, with every constant."""
        mean, log_var = jnp.split(apply_mlp(parameters["encoder"], w), 2, axis=1)
        u = mean + jnp.exp(0.5 * log_var) * jax.random.normal(key, mean.shape)
        error = w - apply_mlp(parameters["decoder"], u)
        log_gamma = parameters["log_gamma"]
        recon = 0.5 * jnp.square(error) * jnp.exp(-2 * log_gamma) + log_gamma + 0.5 * LOG_2PI
        rate = 0.5 * (jnp.square(mean) + jnp.exp(log_var) - 1 - log_var)
        return (recon + rate).sum(1).mean()

    def finish(self, key: jax.Array, parameters: Parameters, at: Whitening, info: Info) -> FittedTwoStage:
        """Keep the decoder; `info["gamma"]` is γ in units of z."""
        gamma = float(np.exp(parameters["log_gamma"]))
        info["gamma"] = gamma * float(at.scale[0, 0])
        return FittedTwoStage(parameters["decoder"], gamma, at, info)


@jax.jit
def _decode(decoder: Mapping[str, jax.Array], u: Float[Array, "n d"]) -> Float[Array, "n d"]:
    return apply_mlp(dict(decoder), u)
