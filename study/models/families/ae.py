"""The autoencoder: codes without noise, and no term that pulls them towards a prior.

    loss = α·D at z = mean(x)

Source: :cite:`hinton2006`. α weighs D; β has no effect.

q(z|x) of a deterministic encoder is a point. The steps after training, above all densities of q(z), need a variance:
it is `code_variance`, small and the same for every x and dimension, and the decoder is trained without it. R is
reported as KL(N(mean, code_variance)‖N(0, I)), which is ½|z|² up to a constant, for comparison with other families.
"""

import math

import jax
import jax.numpy as jnp

from study.models.base import Loss, Model
from study.models.likelihoods import gaussian_kl


class Deterministic(Model):
    """A family whose encoder gives a point; the log-variance output of the encoder network is unused."""

    def encode(self, x: jax.Array, labels: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
        """`[B, D]` -> the code `[B, d]`, and log `code_variance` `[B, d]`."""
        mean, _ = super().encode(x, labels)
        return mean, jnp.full_like(mean, math.log(self.objective.code_variance))

    def parts(self, x: jax.Array, labels: jax.Array | None) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Codes `[B, d]`, D at the codes `[B]`, and R `[B]`."""
        z, log_var = self.encode(x, labels)
        return z, self.distortion(x, z, labels), gaussian_kl(z, log_var).sum(-1)

    def noise_variance(self, alpha: jax.Array, beta: jax.Array) -> jax.Array:
        """0: the decoder is a function rather than a distribution."""
        return jnp.zeros_like(beta)


class AE(Deterministic):
    """The loss is α·D alone."""

    summary = "deterministic codes, reconstruction alone"
    source = "Hinton & Salakhutdinov 2006"

    def loss(
        self, key: jax.Array, x: jax.Array, labels: jax.Array | None, alpha: jax.Array, beta: jax.Array
    ) -> Loss:
        """α·D, mean over x `[B, D]`; the key is unused."""
        _, recon, rate = self.parts(x, labels)
        return Loss(alpha * recon.mean(), recon, rate)
