"""σ-VAE: a VAE that learns the variance of its Gaussian decoder, one number for all data dimensions.

    loss = α·[D/(2σ²) + ½·n·log(2πσ²)] + β·R,   D the sum of squared errors over n data dimensions

Source: :cite:`rybkin2021`, the variance shared by all data dimensions, and its optimum in closed form. Given D, the
best σ² is E[D]/n, the mean squared error. With `noise="optimal"` each minibatch uses this value; the term in brackets
becomes ½·n·log(MSE) up to a constant, with the same gradient as if σ² were held fixed at that value. The trained model
then has the optimum over the training data, from one draw of z per example. With `noise="learned"`, Adam changes log σ²
by at most the step size per step: with 1e-3 that is a factor of e in a thousand steps, so that σ² ends above its
optimum in short training runs.

α weighs the decoder's negative log-likelihood in nats and β weighs R; at α = β = 1 the loss is the negative ELBO of a
decoder with variance σ². The decoder's noise is σ² for all weights. The squared error has the weight α/(2σ²), so that
the trade-off is that of a VAE with s = β·σ²/α. D is reported as the squared error, as in all families.
"""

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Scalar

from study.config import VAEConfig
from study.errors import StudyError
from study.models.base import Examples, Labels, Loss, Model
from study.models.likelihoods import gaussian_kl
from study.models.normal import LOG_2PI

BLOCK = 1024  # examples at once
LEAST = 1e-10  # lower limit of a minibatch's mean squared error, so that its logarithm is finite


class SigmaVAE(Model):
    """A VAE whose log σ² is a parameter; with `noise="optimal"` it is set after training."""

    summary = "VAE whose Gaussian decoder learns its variance, or has the optimal one of each minibatch"
    source = "Rybkin et al. 2021"
    variants = ({"noise": "optimal"},)

    def extend(self, config: VAEConfig, size: int, shape: tuple[int, ...], rngs: nnx.Rngs) -> None:
        """Add the parameter log σ²."""
        if self.likelihood != "gaussian":
            raise StudyError(
                f"family 'sigma-vae': learns the variance of a Gaussian decoder, got likelihood {self.likelihood!r}; "
                "choose likelihood 'gaussian'"
            )
        self.log_variance = nnx.Param(jnp.zeros(()))

    def start(self, key: jax.Array, train: Float[Array, "N D"], n: int | None = None) -> None:
        """Start at the variance of the data around their mean, the error of a decoder that ignores z."""
        super().start(key, train, n)
        self.log_variance[...] = jnp.log(jnp.maximum(train.var(0).mean(), LEAST))

    def loss(self, key: jax.Array, x: Examples, labels: Labels, alpha: Scalar, beta: Scalar) -> Loss:
        """α·NLL + β·R, means over x, with one draw of z per example."""
        mean, log_var = self.encode(x, labels)
        z = mean + jnp.exp(0.5 * log_var) * jax.random.normal(key, mean.shape)
        recon = self.distortion(x, z, labels)
        rate = gaussian_kl(mean, log_var).sum(-1)
        log_variance = self.log_variance[...]
        if self.objective.noise == "optimal":
            log_variance = jnp.log(jnp.maximum(recon.mean() / x.shape[1], LEAST))
        nll = negative_log_likelihood(recon, log_variance, x.shape[1]).mean()
        return Loss(alpha * nll + beta * rate.mean(), recon, rate)

    def finish(
        self, key: jax.Array, train: Float[Array, "N D"] | None = None, labels: Labels | None = None
    ) -> None:
        """With `noise="optimal"`, set σ² to the mean squared error of train, one draw of z per example."""
        super().finish(key, train, labels)
        if self.objective.noise != "optimal" or train is None:
            return

        def squared(inputs: tuple[Array, Float[Array, "block D"]]) -> Scalar:
            key, x = inputs
            mean, log_var = self.encode(x)
            return self.distortion(
                x, mean + jnp.exp(0.5 * log_var) * jax.random.normal(key, mean.shape)
            ).sum()

        n, block = len(train), min(BLOCK, len(train))
        keys, whole = jax.random.split(key, n // block + 1), n // block * block
        total = jax.lax.map(squared, (keys[1:], train[:whole].reshape(-1, block, train.shape[1]))).sum()
        if whole < n:
            total += squared((keys[0], train[whole:]))
        self.log_variance[...] = jnp.log(jnp.maximum(total / train.size, LEAST))

    def noise_variance(self, alpha: Scalar, beta: Scalar) -> Scalar:
        """σ², for all weights."""
        return jnp.exp(self.log_variance[...])


def negative_log_likelihood(recon: Float[Array, " B"], log_variance: Scalar, size: int) -> Float[Array, " B"]:
    """−log N(x; decoder mean, σ² I) in nats, from squared errors over `size` dimensions."""
    return 0.5 * (recon * jnp.exp(-log_variance) + size * (LOG_2PI + log_variance))
