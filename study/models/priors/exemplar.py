"""Exemplar VAE: p(z) = 1/N Σₙ N(z; mean(xₙ), σ² I), a kernel of learned width at the code of every training example.

Source: :cite:`norouzi2020`, section 3. The kernels' centres are the encoder's own means, σ² is one number for all
dimensions and examples, and q(z|x) has a variance of its own. Both of the paper's regularisers are here: an example's
own kernel is left out of its prior, and each step sees M = `exemplars` of the N examples, those of the batch among
them. Their codes are those of the current encoder, and the gradient goes through them. The paper's sum over the nearest
exemplars alone, which makes a large M cheap, is left out: all M are summed.

The others that a step sees are a uniform subset without repetition, so its density at z is an unbiased estimate of the
one over all N − 1 others; by Jensen's inequality its logarithm is too low on average, so R, and the loss, are too high,
the less the larger M is. With M ≥ N it is exact. After training the codes of all examples are stored, and log p(z) is
exact over all N; a training example then meets its own kernel, and its rate is lower than that of new data.

This is the first method of the question, drawing from what the encoder learned, and the model is trained for it. As
there, samples need the training data: the model keeps their codes.
"""

from types import MappingProxyType

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Scalar

from study.config import VAEConfig
from study.models.base import Examples, Labels
from study.models.families.vae import VAE
from study.models.normal import LOG_2PI
from study.models.priors.base import Mixture

BLOCK = 512  # centres, or examples, at once
NEVER = -1e30  # the logarithm of a weight of zero, finite so that its gradient is a number


class ExemplarPrior(Mixture):
    """σ², and the centres `[M, d]`: of a step's exemplars in training, of all N training examples afterwards."""

    def __init__(self, latent_dim: int):
        self.without_own = False
        self.log_variance = nnx.Param(jnp.zeros(()))
        self.centres = nnx.Variable(jnp.zeros((0, latent_dim)))

    def place(self, centres: Float[Array, "M d"], *, without_own: bool = False) -> None:
        """Put the kernels at these centres; without_own: in the loss, row i of z leaves out centre i."""
        self.centres, self.without_own = nnx.Variable(centres), without_own

    def marginals(self) -> tuple[Float[Array, " M"], Float[Array, "M d"], Float[Array, "M d"]]:
        """Uniform log-weights, the centres, and log σ²."""
        centres = self.centres[...]
        log_weights = jnp.full(centres.shape[:1], -jnp.log(jnp.float32(len(centres))))
        return log_weights, centres, jnp.full(centres.shape, self.log_variance[...])

    def log_prob(self, z: Float[Array, "B d"]) -> Float[Array, " B"]:
        """log p(z) in nats, over all centres."""
        return log_kernel_density(z, self.centres[...], self.log_variance[...])

    def marginal_log_prob(self, z: Float[Array, "B d"]) -> Float[Array, "B d"]:
        """log p(zⱼ) in nats of each dimension on its own, over all centres."""

        def one(z: Float[Array, " B"], centres: Float[Array, " M"]) -> Float[Array, " B"]:
            return log_kernel_density(z[:, None], centres[:, None], self.log_variance[...])

        return jax.lax.map(lambda columns: one(*columns), (z.T, self.centres[...].T)).T

    def training_log_prob(
        self, key: jax.Array, z: Float[Array, "B d"], log_q: Float[Array, " B"]
    ) -> Float[Array, " B"]:
        """log p(z) over the centres of a step, each row's own left out if they were placed so."""
        return log_kernel_density(z, self.centres[...], self.log_variance[...], without_own=self.without_own)

    def sample(self, key: jax.Array, *, n: int) -> Float[Array, "{n} d"]:
        """n draws: a training example uniformly, then z ~ N(its code, σ² I)."""
        index_key, noise_key = jax.random.split(key)
        centres = self.centres[...]
        mean = centres[jax.random.randint(index_key, (n,), 0, len(centres))]
        return mean + jnp.exp(0.5 * self.log_variance[...]) * jax.random.normal(noise_key, mean.shape)

    @property
    def diagnostics(self) -> dict[str, float]:
        """σ², the number of kernels, and that they are codes of training examples."""
        variance = float(jnp.exp(self.log_variance[...]))
        return {"variance": variance, "components": len(self.centres[...]), "keeps_data": True}


def log_kernel_density(
    z: Float[Array, "B d"],
    centres: Float[Array, "M d"],
    log_variance: Scalar,
    *,
    without_own: bool = False,
) -> Float[Array, " B"]:
    """log 1/M Σₘ N(z; cₘ, σ² I) in nats, in blocks of centres, so that no array is [B, M] in size.

    Args:
        z: points.
        centres: c.
        log_variance: log σ².
        without_own: leave centre i out of the density at row i, so that it is a mean over M − 1.
    """
    m, d = centres.shape
    rows, numbers = jnp.arange(len(z)), jnp.arange(m)

    @jax.checkpoint  # else a gradient would store the distances of all blocks
    def block(part: tuple[Float[Array, "block d"], jax.Array]) -> Float[Array, " B"]:
        squared = jnp.square(z[:, None, :] - part[0][None]).sum(-1)
        terms = -0.5 * squared * jnp.exp(-log_variance)
        if without_own:
            terms = jnp.where(rows[:, None] == part[1][None], NEVER, terms)
        return jax.nn.logsumexp(terms, axis=1)

    whole = m // BLOCK * BLOCK
    blocks = (centres[:whole].reshape(-1, BLOCK, d), numbers[:whole].reshape(-1, BLOCK))
    sums = [jax.lax.map(block, blocks)] if whole else []
    if whole < m:
        sums.append(block((centres[whole:], numbers[whole:]))[None])
    scale = jnp.log(jnp.float32(m - without_own)) + 0.5 * d * (log_variance + LOG_2PI)
    return jax.nn.logsumexp(jnp.concatenate(sums), axis=0) - scale


class ExemplarVAE(VAE):
    """The VAE with a kernel at the code of every training example as prior."""

    summary = (
        "as vae, with a learned prior: a kernel of one learned width at the code of every training example, "
        "which the model keeps"
    )
    source = "Norouzi et al. 2020"
    quick = MappingProxyType({"exemplars": 128})
    blockwise = True
    exemplars = True
    prior: ExemplarPrior

    def make_prior(self, config: VAEConfig, size: int, rngs: nnx.Rngs) -> ExemplarPrior:
        """σ² = 1, and no centres yet."""
        return ExemplarPrior(config.latent_dim)

    def stand_on(self, exemplars: Examples, *, holds_batch: bool) -> None:
        """Put the prior's kernels at the codes of these examples."""
        self.prior.place(self.encode(exemplars)[0], without_own=holds_batch)

    def finish(self, key: jax.Array, train: jax.Array | None = None, labels: Labels = None) -> None:
        """Store the codes of all training examples, by the final encoder."""
        super().finish(key, train, labels)
        if train is not None:
            self.prior.place(jax.lax.map(lambda x: self.encode(x[None])[0][0], train, batch_size=BLOCK))
