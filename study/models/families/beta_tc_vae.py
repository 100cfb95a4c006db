"""β-TC-VAE: the total correlation of q(z), which is a part of the rate, has its own weight.

    E_x KL(q(z|x)‖p(z)) = I(x; z) + KL(q(z)‖Πⱼ q(zⱼ)) + Σⱼ KL(q(zⱼ)‖p(zⱼ))
    loss = α·D + β·[R + (t − 1)·TC],   TC = KL(q(z)‖Πⱼ q(zⱼ)),   t = `tc_weight`

Source: :cite:`chen2018`, equations 2 and 4 and appendix C. α weighs D, β weighs the whole rate, and β·t the total
correlation: at α = β = 1, t is the paper's β, and at t = 1 the loss is the VAE's. R is taken in closed form.

log q(z) of the N training examples is estimated from a minibatch of B: the posterior of the example that z was drawn
from has weight 1/N, each of the others (N − 1)/(N(B − 1)). These are the paper's stratified weights, averaged over the
choice of the example that represents the rest, so that the estimate of q(z) is unbiased, has no more variance, and is
exact for B = N. The example of z itself must have weight 1/N: with a weight of order 1/B, as when the weight 1/N is
put off the diagonal, the estimate of the mutual information cannot exceed log(B − 1). The logarithm of the estimate is
still biased low, by about half its relative variance, so the measurements of `study.latents` use all N examples.
"""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Scalar

from study.config import VAEConfig
from study.models.base import Examples, Labels, Loss, Model
from study.models.likelihoods import gaussian_kl
from study.models.normal import LOG_2PI


class BetaTCVAE(Model):
    """A VAE with a weight on the total correlation; it stores the number of training examples for the estimate."""

    summary = "VAE with a further weight on the total correlation of q(z)"
    source = "Chen et al. 2018"
    blockwise = True

    def extend(self, config: VAEConfig, size: int, shape: tuple[int, ...], rngs: nnx.Rngs) -> None:
        """A variable for the number of training examples."""
        self.examples = nnx.Variable(jnp.float32(2.0))

    def start(self, key: jax.Array, train: Float[Array, "N D"], n: int | None = None) -> None:
        """Store the number of training examples."""
        super().start(key, train, n)
        self.examples[...] = jnp.float32(n or len(train))

    def loss(self, key: jax.Array, x: Examples, labels: Labels, alpha: Scalar, beta: Scalar) -> Loss:
        """α·D + β·(R + (t − 1)·TC), means over x, with one draw of z per example."""
        mean, log_var = self.encode(x, labels)
        z = mean + jnp.exp(0.5 * log_var) * jax.random.normal(key, mean.shape)
        recon = self.distortion(x, z, labels)
        rate = gaussian_kl(mean, log_var).sum(-1)
        joint, marginal = log_aggregate(z, mean, log_var, jax.lax.stop_gradient(self.examples[...]))
        correlation = (joint - marginal.sum(-1)).mean()
        penalised = rate.mean() + (self.objective.tc_weight - 1) * correlation
        return Loss(alpha * recon.mean() + beta * penalised, recon, rate)


def log_aggregate(
    z: Float[Array, "B d"], mean: Float[Array, "B d"], log_var: Float[Array, "B d"], examples: Scalar
) -> tuple[Float[Array, " B"], Float[Array, "B d"]]:
    """Estimates of log q(z) and log q(zⱼ) in nats at z, row i drawn from posterior i of the minibatch.

    Args:
        z: the draws.
        mean, log_var: of the posteriors.
        examples: N; a minibatch of more than N is treated as the whole data set.
    """
    batch = len(z)
    n = jnp.maximum(examples, batch)
    own = jnp.eye(batch, dtype=bool)
    weights = jnp.log(jnp.where(own, 1 / n, (n - 1) / (n * max(batch - 1, 1))))
    inverse = jnp.exp(-0.5 * log_var)
    scaled = (z[:, None, :] - mean[None]) * inverse[None]
    terms = -0.5 * (jnp.square(scaled) + log_var[None] + LOG_2PI)
    joint = jax.nn.logsumexp(terms.sum(-1) + weights, axis=1)
    return joint, jax.nn.logsumexp(terms + weights[:, :, None], axis=1)
