"""A mixture of K Gaussians with learned weights, means and covariances, diagonal or full.

Source: :cite:`tomczak2018`, section 3, where it is a baseline.
"""

from types import MappingProxyType

import jax
import jax.numpy as jnp
from flax import nnx
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float

from study.config import VAEConfig
from study.models.families.vae import VAE
from study.models.normal import LOG_2PI
from study.models.priors.base import Mixture, log_diagonal_mixture


class MogPrior(Mixture):
    """p(z) = Σₖ wₖ N(z; mₖ, Cₖ); starts near N(0, I), with means of variance ½ and components of variance ½.

    A full covariance is stored as a factor P of its inverse, Cₖ⁻¹ = P Pᵀ, with P lower triangular with a positive
    diagonal, so that the density needs only matrix products.
    """

    def __init__(self, components: int, latent_dim: int, *, full: bool, rngs: nnx.Rngs):
        self.full = full
        shape = (components, latent_dim)
        self.logits = nnx.Param(jnp.zeros((components,)))
        self.mean = nnx.Param(jnp.sqrt(0.5) * jax.random.normal(rngs.params(), shape))
        self.log_scale = nnx.Param(jnp.full(shape, 0.5 * jnp.log(0.5)))
        if full:
            self.below = nnx.Param(jnp.zeros((*shape, latent_dim)))

    def _factor(self) -> Float[Array, "K d d"]:
        """P."""
        diagonal = jnp.exp(-self.log_scale[...])
        return jnp.tril(self.below[...], -1) + jax.vmap(jnp.diag)(diagonal)

    def _spread(self) -> Float[Array, "K d d"]:
        """Pᵀ⁻¹, with which z = m + Pᵀ⁻¹ε has covariance C."""
        factor = self._factor()
        unit = jnp.broadcast_to(jnp.eye(factor.shape[-1]), factor.shape)
        return solve_triangular(factor, unit, trans=1, lower=True)

    @property
    def log_weights(self) -> Float[Array, " K"]:
        """log wₖ."""
        return jax.nn.log_softmax(self.logits[...])

    def marginals(self) -> tuple[Float[Array, " K"], Float[Array, "K d"], Float[Array, "K d"]]:
        """log-weights, means and log-variances."""
        log_var = 2 * self.log_scale[...]
        if self.full:
            log_var = jnp.log(jnp.square(self._spread()).sum(-1))
        return self.log_weights, self.mean[...], log_var

    def log_prob(self, z: Float[Array, "B d"]) -> Float[Array, " B"]:
        """log p(z) in nats."""
        if not self.full:
            return log_diagonal_mixture(z, *self.marginals())
        away = z[:, None, :] - self.mean[...][None]
        white = jnp.einsum("bki,kij->bkj", away, self._factor(), precision="highest")
        d = z.shape[1]
        log_scale = self.log_weights - self.log_scale[...].sum(-1) - 0.5 * d * LOG_2PI
        return jax.nn.logsumexp(log_scale[None] - 0.5 * jnp.square(white).sum(-1), axis=1)

    def sample(self, key: jax.Array, *, n: int) -> Float[Array, "{n} d"]:
        """n draws, independent: a component by weight, then a Gaussian."""
        index_key, noise_key = jax.random.split(key)
        index = jax.random.categorical(index_key, self.log_weights, shape=(n,))
        mean = self.mean[...][index]
        epsilon = jax.random.normal(noise_key, mean.shape)
        if self.full:
            return mean + jnp.einsum("nij,nj->ni", self._spread()[index], epsilon, precision="highest")
        return mean + jnp.exp(self.log_scale[...][index]) * epsilon


class MogVAE(VAE):
    """The VAE with a mixture of Gaussians as prior."""

    summary = "as vae, with a learned prior: a mixture of K Gaussians, diagonal or full"
    source = "Tomczak & Welling 2018"
    quick = MappingProxyType({"components": 8})

    def make_prior(self, config: VAEConfig, size: int, rngs: nnx.Rngs) -> MogPrior:
        """K components."""
        full = config.prior.covariance == "full"
        return MogPrior(config.prior.components, config.latent_dim, full=full, rngs=rngs)
