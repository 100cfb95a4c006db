"""The VAE with weights α and β :cite:`kingma2014,higgins2017`: loss α·D + β·R, terms left unreduced.

R = KL(q(z|x)‖p(z)), in closed form where p(z) = N(0, I). Under a prior that is learned with the model there is none: R
is then log q(z|x) − log p(z) at the one z that D is taken at, and its gradient is that of this estimate.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from study.config import VAEConfig
from study.models.likelihoods import Likelihood, decoder_mean, gaussian_kl, reconstruction
from study.models.networks import build_networks
from study.models.priors import Prior, build_prior
from study.models.priors.base import LOG_2PI


class Terms(NamedTuple):
    """Unreduced loss terms in nats (recon: in units of D): recon `[B]`, kl `[B, d]`.

    A learned prior does not factorise over dimensions: kl is then `[B, 1]`, one estimate of the whole.
    """

    recon: jax.Array
    kl: jax.Array


class VAE(nnx.Module):
    """q(z|x) = N(mean(x), diag exp log_var(x)), p(z) = N(0, I) or learned, p(x|z) by the likelihood."""

    def __init__(
        self,
        config: VAEConfig,
        size: int,
        likelihood: Likelihood,
        *,
        shape: tuple[int, ...] = (),
        rngs: nnx.Rngs,
    ):
        self.likelihood = likelihood
        self.encoder, self.decoder = build_networks(config, size, shape=shape, rngs=rngs)
        # last, so that encoder and decoder begin as those of a "vae" of the same seed
        self.prior: Prior | None = build_prior(
            config, encoder=self.encoder, size=size, likelihood=likelihood, rngs=rngs
        )

    def encode(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """`[B, D]` -> mean `[B, d]`, log-variance `[B, d]`."""
        return self.encoder(x)

    def decode(self, z: jax.Array) -> jax.Array:
        """E[x|z]: `[B, d]` -> `[B, D]`."""
        return decoder_mean(self.likelihood, self.decoder(z))

    def terms(self, key: jax.Array, x: jax.Array) -> Terms:
        """Loss terms with one reparametrised draw of z per example."""
        mean, log_var = self.encoder(x)
        epsilon = jax.random.normal(key, mean.shape)
        z = mean + jnp.exp(0.5 * log_var) * epsilon
        recon = reconstruction(self.likelihood, self.decoder(z), x)
        if self.prior is None:
            return Terms(recon, gaussian_kl(mean, log_var))
        log_q = -0.5 * (jnp.square(epsilon) + log_var + LOG_2PI).sum(-1)
        log_p = self.prior.training_log_prob(jax.random.fold_in(key, 1), z, log_q)
        return Terms(recon, (log_q - log_p)[:, None])
