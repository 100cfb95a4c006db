"""VampPrior: p(z) = 1/K Σₖ q(z|uₖ), the encoder's own posteriors at K learned pseudo-inputs u.

Source: :cite:`tomczak2018`, section 3. The components are the encoder's posteriors without modification: mean and
log_var are computed as for an example; with another function for log_var it would not be the prior that was trained.

The prior that minimises the rate is q(z) itself, the mixture over all N examples; K pseudo-inputs approximate it.
"""

from types import MappingProxyType
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from study.config import VAEConfig
from study.models.families.vae import VAE
from study.models.likelihoods import Likelihood, decoder_mean, decoder_output
from study.models.priors.base import Mixture, log_diagonal_mixture

EDGE = (
    0.02  # least initial distance of a pseudo-input in [0, 1] from 0 and 1, where its gradient would be zero
)


class VampPrior(Mixture):
    """The encoder, shared with the model, and pseudo-inputs `[K, D]` in data space.

    For a Bernoulli likelihood data and pseudo-inputs lie in [0, 1]; the pseudo-inputs are the sigmoid of a parameter.
    """

    def __init__(self, encoder: Any, components: int, size: int, latent_dim: int, likelihood: Likelihood):
        self.encoder = encoder
        self.likelihood: Likelihood = likelihood
        self.latent_dim = latent_dim
        self.raw = nnx.Param(jnp.zeros((components, size)))

    @property
    def pseudo_inputs(self) -> Float[Array, "K D"]:
        """u in data space."""
        return decoder_mean(self.likelihood, self.raw[...])

    def marginals(self) -> tuple[Float[Array, " K"], Float[Array, "K d"], Float[Array, "K d"]]:
        """Uniform log-weights, and the posteriors at the pseudo-inputs."""
        mean, log_var = self.encoder(self.pseudo_inputs)
        return jnp.full(mean.shape[:1], -jnp.log(jnp.float32(len(mean)))), mean, log_var

    def log_prob(self, z: Float[Array, "B d"]) -> Float[Array, " B"]:
        """log p(z) in nats."""
        return log_diagonal_mixture(z, *self.marginals())

    def sample(self, key: jax.Array, *, n: int) -> Float[Array, "{n} d"]:
        """n draws: a component uniformly, then z ~ q(z|u)."""
        index_key, noise_key = jax.random.split(key)
        _, mean, log_var = self.marginals()
        index = jax.random.randint(index_key, (n,), 0, len(mean))
        return mean[index] + jnp.exp(0.5 * log_var[index]) * jax.random.normal(
            noise_key, (n, self.latent_dim)
        )

    def start(self, key: jax.Array, train: Float[Array, "N D"]) -> None:
        """Start at K training examples, without repetition if there are enough."""
        k, n = len(self.raw[...]), len(train)
        x = train[jax.random.choice(key, n, (k,), replace=k > n)]
        self.raw[...] = decoder_output(self.likelihood, x, edge=EDGE)


class VampVAE(VAE):
    """The VAE with a VampPrior."""

    summary = (
        "as vae, with a learned prior: the encoder's posteriors at K learned pseudo-inputs, mixed uniformly"
    )
    source = "Tomczak & Welling 2018"
    quick = MappingProxyType({"components": 8})

    def make_prior(self, config: VAEConfig, size: int, rngs: nnx.Rngs) -> VampPrior:
        """K pseudo-inputs."""
        return VampPrior(self.encoder, config.prior.components, size, config.latent_dim, self.likelihood)
