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
from jaxtyping import Array, Float, Scalar

from study.models.base import Examples, Labels, Loss, Model
from study.models.likelihoods import gaussian_kl


class Deterministic(Model):
    """A family whose encoder gives a point; the log-variance output of the encoder network is unused."""

    def encode(self, x: Examples, labels: Labels = None) -> tuple[Float[Array, "B d"], Float[Array, "B d"]]:
        """The code, and log `code_variance`."""
        mean, _ = super().encode(x, labels)
        return mean, jnp.full_like(mean, math.log(self.objective.code_variance))

    def parts(
        self, x: Examples, labels: Labels
    ) -> tuple[Float[Array, "B d"], Float[Array, " B"], Float[Array, " B"]]:
        """Codes, D at the codes, and R."""
        z, log_var = self.encode(x, labels)
        return z, self.distortion(x, z, labels), gaussian_kl(z, log_var).sum(-1)

    def noise_variance(self, alpha: Scalar, beta: Scalar) -> Scalar:
        """0: the decoder is a function rather than a distribution."""
        return jnp.zeros_like(beta)


class AE(Deterministic):
    """The loss is α·D alone."""

    summary = "deterministic codes, reconstruction alone"
    source = "Hinton & Salakhutdinov 2006"

    def loss(self, key: jax.Array, x: Examples, labels: Labels, alpha: Scalar, beta: Scalar) -> Loss:
        """α·D, mean over x; the key is unused."""
        _, recon, rate = self.parts(x, labels)
        return Loss(alpha * recon.mean(), recon, rate)
