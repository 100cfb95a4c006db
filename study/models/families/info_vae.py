"""InfoVAE: a smaller weight on the rate, and a penalty on the distance of q(z) as a whole from the prior.

    loss = α·D + β·[(1 − a)·R + (a + λ − 1)·MMD²(q(z), p(z))],   a = `information`, λ = `mmd_weight`

Source: :cite:`zhao2019`, the objective named InfoVAE, with MMD as the divergence of q(z) from p(z). Since R = I(x; z) +
KL(q(z)‖p(z)), a > 0 rewards mutual information; a = 1 leaves only MMD (their MMD-VAE), and a = 0, λ = 1 is the VAE.

α weighs D and β weighs the term in brackets: at α = β = 1 the loss is the paper's, and a Gaussian decoder has the
variance s = β/(2α). MMD² is the unbiased estimate from one draw of z per example and as many fresh draws from N(0, I).
"""

import jax
import jax.numpy as jnp
from jaxtyping import Scalar

from study.models.base import Examples, Labels, Loss, Model
from study.models.likelihoods import gaussian_kl
from study.models.mmd import mmd


class InfoVAE(Model):
    """A VAE whose regulariser mixes the rate and MMD with the weights a and λ."""

    summary = "VAE with a smaller weight on the rate, and MMD between q(z) and the prior"
    source = "Zhao et al. 2019"
    blockwise = True

    def loss(self, key: jax.Array, x: Examples, labels: Labels, alpha: Scalar, beta: Scalar) -> Loss:
        """The weighted loss."""
        mean, log_var = self.encode(x, labels)
        z = mean + jnp.exp(0.5 * log_var) * jax.random.normal(key, mean.shape)
        recon = self.distortion(x, z, labels)
        rate = gaussian_kl(mean, log_var).sum(-1)
        prior = jax.random.normal(jax.random.fold_in(key, 1), mean.shape)
        a, weight = self.objective.information, self.objective.mmd_weight
        apart = (1 - a) * rate.mean() + (a + weight - 1) * mmd(z, prior, self.objective.scales)
        return Loss(alpha * recon.mean() + beta * apart, recon, rate)
