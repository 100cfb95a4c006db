"""The VAE with weights α and β :cite:`kingma2014,higgins2017`: loss α·D + β·R; its terms are also given per example.

R = KL(q(z|x)‖p(z)), in closed form if p(z) = N(0, I). For a prior that is learned with the model there is no closed
form: R is then estimated by log q(z|x) − log p(z) at the same z as D, and its gradient is that of the estimate.

α weighs D and β weighs R; α = β = 1 is the VAE, and β/(2α) is the variance of a Gaussian decoder.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Scalar

from study.models.base import Examples, Labels, Loss, Model
from study.models.likelihoods import gaussian_kl
from study.models.normal import LOG_2PI


class Terms(NamedTuple):
    """Loss terms per example in nats (recon: in units of D).

    A learned prior does not factorise over dimensions: kl has then one column, one estimate for all dimensions.
    """

    recon: Float[Array, " B"]
    kl: Float[Array, "B d"]


class VAE(Model):
    """The standard model, which the other families modify: one reparametrised draw of z per example."""

    summary = "VAE with weights: loss α·D + β·KL, prior N(0, I); α = β = 1 is the VAE"
    source = "Kingma & Welling 2014; Higgins et al. 2017"

    def loss(self, key: jax.Array, x: Examples, labels: Labels, alpha: Scalar, beta: Scalar) -> Loss:
        """α·D + β·R, means over x."""
        terms = self.terms(key, x, labels)
        rate = terms.kl.sum(-1)
        return Loss(alpha * terms.recon.mean() + beta * rate.mean(), terms.recon, rate)

    def terms(self, key: jax.Array, x: Examples, labels: Labels = None) -> Terms:
        """Loss terms with one reparametrised draw of z per example."""
        mean, log_var = self.encode(x, labels)
        epsilon = jax.random.normal(key, mean.shape)
        z = mean + jnp.exp(0.5 * log_var) * epsilon
        recon = self.distortion(x, z, labels)
        if self.prior is None:
            return Terms(recon, gaussian_kl(mean, log_var))
        log_q = -0.5 * (jnp.square(epsilon) + log_var + LOG_2PI).sum(-1)
        log_p = self.prior.training_log_prob(jax.random.fold_in(key, 1), z, log_q)
        return Terms(recon, (log_q - log_p)[:, None])
