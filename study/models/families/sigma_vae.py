"""σ-VAE: the variance of a Gaussian decoder is learned, one number for all of data space, by its full likelihood.

    loss = α·[D/(2σ²) + ½·n·log(2πσ²)] + β·R,   D the sum of squared errors over n data dimensions

Source: :cite:`rybkin2021`, the variance shared by all data dimensions, and its optimum in closed form. Given D, the
best σ² is E[D]/n, the mean squared error; with `noise="optimal"` it is put in for each minibatch, which leaves
½·n·log(MSE) of the bracket, up to a constant, with the same gradient as at a σ² that is held fixed.
A learned log σ² moves by no more than the step size at each step of Adam: with 1e-3 that is a factor of e in a thousand
steps, so that short trainings end above the optimum.

α weighs the decoder's negative log-likelihood in nats and β weighs R; at α = β = 1 the loss is the negative ELBO of a
decoder with variance σ². The noise is σ² whatever the weights are; on the squared error alone lies α/(2σ²), so that
the trade is that of a VAE with s = β·σ²/α. What is reported as D is the squared error, as everywhere.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from study.config import VAEConfig
from study.errors import StudyError
from study.models.base import Loss, Model
from study.models.likelihoods import gaussian_kl
from study.models.normal import LOG_2PI

LEAST = 1e-10  # of a minibatch's mean squared error, so that its logarithm is finite


class SigmaVAE(Model):
    """A VAE whose log σ² is a parameter; with the optimum put in, the parameter follows it and drives nothing."""

    summary = "VAE whose Gaussian decoder learns its variance, or has the optimal one of each minibatch"
    source = "Rybkin et al. 2021"
    variants = ({"noise": "optimal"},)

    def extend(self, config: VAEConfig, size: int, shape: tuple[int, ...], rngs: nnx.Rngs) -> None:
        """log σ²."""
        if self.likelihood != "gaussian":
            raise StudyError(
                f"family 'sigma-vae': learns the variance of a Gaussian decoder, got likelihood {self.likelihood!r}; "
                "choose likelihood 'gaussian'"
            )
        self.log_variance = nnx.Param(jnp.zeros(()))

    def start(self, key: jax.Array, train: jax.Array) -> None:
        """Begin at the variance around the mean, what a decoder that ignores z leaves over."""
        super().start(key, train)
        self.log_variance[...] = jnp.log(jnp.maximum(train.var(0).mean(), LEAST))

    def loss(
        self, key: jax.Array, x: jax.Array, labels: jax.Array | None, alpha: jax.Array, beta: jax.Array
    ) -> Loss:
        """α·NLL + β·R, means over x `[B, D]`, with one draw of z per example."""
        mean, log_var = self.encode(x, labels)
        z = mean + jnp.exp(0.5 * log_var) * jax.random.normal(key, mean.shape)
        recon = self.distortion(x, z, labels)
        rate = gaussian_kl(mean, log_var).sum(-1)
        log_variance = self.log_variance[...]
        if self.objective.noise == "optimal":
            best = jnp.log(jnp.maximum(recon.mean() / x.shape[1], LEAST))
            follow = negative_log_likelihood(jax.lax.stop_gradient(recon), log_variance, x.shape[1]).mean()
            nll = negative_log_likelihood(recon, best, x.shape[1]).mean()
            nll = (
                nll + follow - jax.lax.stop_gradient(follow)
            )  # of value 0: a gradient for the parameter alone
        else:
            nll = negative_log_likelihood(recon, log_variance, x.shape[1]).mean()
        return Loss(alpha * nll + beta * rate.mean(), recon, rate)

    def noise_variance(self, alpha: jax.Array, beta: jax.Array) -> jax.Array:
        """σ²; the weights play no part."""
        return jnp.exp(self.log_variance[...])


def negative_log_likelihood(recon: jax.Array, log_variance: jax.Array, size: int) -> jax.Array:
    """−log N(x; decoder mean, σ² I) in nats, from squared errors `[B]` over `size` dimensions: `[B]`."""
    return 0.5 * (recon * jnp.exp(-log_variance) + size * (LOG_2PI + log_variance))
