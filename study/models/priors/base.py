"""The base class of learned priors: a density that can be sampled, and its hooks in training."""

import abc

import jax
from flax import nnx

from study.models.normal import log_normal


class Prior(nnx.Module):
    """p(z) with parameters; all functions are pure jnp, so that they run inside the compiled grid."""

    @abc.abstractmethod
    def log_prob(self, z: jax.Array) -> jax.Array:
        """log p(z) in nats: `[B, d]` -> `[B]`."""

    @abc.abstractmethod
    def sample(self, key: jax.Array, *, n: int) -> jax.Array:
        """n independent draws `[n, d]`; index and noise use the two halves of the split key, as in all strategies."""

    def training_log_prob(self, key: jax.Array, z: jax.Array, log_q: jax.Array) -> jax.Array:
        """log p(z) as used in the loss, `[B]`; log_q `[B]` is log q(z|x) of these z."""
        return self.log_prob(z)

    @property
    def diagnostics(self) -> dict[str, float]:
        """Values by which a reader can judge the trained prior, by name."""
        return {}

    def start(self, key: jax.Array, train: jax.Array) -> None:
        """Set the initial parameters that depend on the training data `[N, D]`."""

    def finish(self, key: jax.Array) -> None:
        """Set what is only known after training."""


class Mixture(Prior):
    """A mixture of K Gaussians, whose marginals are mixtures of K Gaussians too."""

    @abc.abstractmethod
    def marginals(self) -> tuple[jax.Array, jax.Array, jax.Array]:
        """log-weights `[K]`, means `[K, d]` and log-variances `[K, d]` of each dimension on its own."""

    def marginal_log_prob(self, z: jax.Array) -> jax.Array:
        """log p(zⱼ) in nats of each dimension on its own: `[B, d]` -> `[B, d]`."""
        log_weights, mean, log_var = self.marginals()
        terms = log_normal(z[:, None, :], mean[None], log_var[None])
        return jax.nn.logsumexp(terms + log_weights[None, :, None], axis=1)


def log_diagonal_mixture(
    z: jax.Array, log_weights: jax.Array, mean: jax.Array, log_var: jax.Array
) -> jax.Array:
    """log Σₖ wₖ N(z; mₖ, diag vₖ): z `[B, d]`, components `[K]`, `[K, d]`, `[K, d]` -> `[B]`."""
    terms = log_normal(z[:, None, :], mean[None], log_var[None]).sum(-1)
    return jax.nn.logsumexp(terms + log_weights[None], axis=1)
