"""The base class of learned priors: a density that can be sampled, and its hooks in training."""

import abc

import jax
from flax import nnx
from jaxtyping import Array, Float

from study.models.normal import log_normal


class Prior(nnx.Module):
    """p(z) with parameters; all functions are pure jnp, so that they run inside the compiled grid."""

    @abc.abstractmethod
    def log_prob(self, z: Float[Array, "B d"]) -> Float[Array, " B"]:
        """log p(z) in nats."""

    @abc.abstractmethod
    def sample(self, key: jax.Array, *, n: int) -> Float[Array, "{n} d"]:
        """n independent draws; index and noise use the two halves of the split key, as in all strategies."""

    def training_log_prob(
        self, key: jax.Array, z: Float[Array, "B d"], log_q: Float[Array, " B"]
    ) -> Float[Array, " B"]:
        """log p(z) as used in the loss; log_q is log q(z|x) of these z."""
        return self.log_prob(z)

    @property
    def diagnostics(self) -> dict[str, float]:
        """Values by which a reader can judge the trained prior, by name."""
        return {}

    def start(self, key: jax.Array, train: Float[Array, "N D"]) -> None:
        """Set the initial parameters that depend on the training data."""

    def finish(self, key: jax.Array) -> None:
        """Set what is only known after training."""


class Mixture(Prior):
    """A mixture of K Gaussians, whose marginals are mixtures of K Gaussians too."""

    @abc.abstractmethod
    def marginals(self) -> tuple[Float[Array, " K"], Float[Array, "K d"], Float[Array, "K d"]]:
        """log-weights, means and log-variances of each dimension on its own."""

    def marginal_log_prob(self, z: Float[Array, "B d"]) -> Float[Array, "B d"]:
        """log p(zⱼ) in nats of each dimension on its own."""
        log_weights, mean, log_var = self.marginals()
        terms = log_normal(z[:, None, :], mean[None], log_var[None])
        return jax.nn.logsumexp(terms + log_weights[None, :, None], axis=1)


def log_diagonal_mixture(
    z: Float[Array, "B d"],
    log_weights: Float[Array, " K"],
    mean: Float[Array, "K d"],
    log_var: Float[Array, "K d"],
) -> Float[Array, " B"]:
    """log Σₖ wₖ N(z; mₖ, diag vₖ)."""
    terms = log_normal(z[:, None, :], mean[None], log_var[None]).sum(-1)
    return jax.nn.logsumexp(terms + log_weights[None], axis=1)
