"""The VAE with weights α and β :cite:`kingma2014,higgins2017`: loss α·D + β·R, terms left unreduced."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from study.config import VAEConfig
from study.models.likelihoods import Likelihood, decoder_mean, gaussian_kl, reconstruction
from study.models.networks import MLP, LinearEncoder, MLPEncoder


class Terms(NamedTuple):
    """Unreduced loss terms in nats (recon: in units of D): recon `[B]`, kl `[B, d]`."""

    recon: jax.Array
    kl: jax.Array


class VAE(nnx.Module):
    """q(z|x) = N(mean(x), diag exp log_var(x)), p(z) = N(0, I), p(x|z) by the likelihood."""

    def __init__(self, config: VAEConfig, size: int, likelihood: Likelihood, *, rngs: nnx.Rngs):
        self.likelihood = likelihood
        self.encoder: LinearEncoder | MLPEncoder
        self.decoder: nnx.Linear | MLP
        if config.network == "linear":
            self.encoder = LinearEncoder(size, config.latent_dim, rngs=rngs)
            self.decoder = nnx.Linear(config.latent_dim, size, rngs=rngs)
        else:
            self.encoder = MLPEncoder(size, config.hidden, config.latent_dim, rngs=rngs)
            self.decoder = MLP([config.latent_dim, *reversed(config.hidden), size], rngs=rngs)

    def encode(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """`[B, D]` -> mean `[B, d]`, log-variance `[B, d]`."""
        return self.encoder(x)

    def decode(self, z: jax.Array) -> jax.Array:
        """E[x|z]: `[B, d]` -> `[B, D]`."""
        return decoder_mean(self.likelihood, self.decoder(z))

    def terms(self, key: jax.Array, x: jax.Array) -> Terms:
        """Loss terms with one reparametrised draw of z per example."""
        mean, log_var = self.encoder(x)
        z = mean + jnp.exp(0.5 * log_var) * jax.random.normal(key, mean.shape)
        return Terms(reconstruction(self.likelihood, self.decoder(z), x), gaussian_kl(mean, log_var))
