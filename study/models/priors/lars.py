"""Learned accept/reject sampling: proposals from N(0, I) are accepted with probability a(z), the T-th always.

Source: :cite:`bauer2019`. With Z = E_π[a(z)] and r = (1 − Z)^(T−1), the probability that all proposals but the last are
rejected, the truncated density is p(z) = π(z)·((1 − r)·a(z)/Z + r), π = N(0, I). In training Z is the mean of a over S
fresh draws from π and, as in the paper, the posterior draw itself, reweighted by π(z)/q(z|x). The paper's moving
average over steps is left out: with S = 1024 the estimate of one step is accurate enough, and the loss remains a
function of parameters and keys only.
"""

from collections.abc import Sequence
from types import MappingProxyType

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from study.config import VAEConfig
from study.models.accept_reject import accept_reject
from study.models.families.vae import VAE
from study.models.networks import MLP
from study.models.normal import log_standard_normal
from study.models.priors.base import Prior

BLOCK, FINAL_DRAWS = 2048, 131_072  # draws at a time, and in total, for the final normaliser


class LarsPrior(Prior):
    """The acceptance network, and the estimate of Z after training with its standard error."""

    def __init__(self, latent_dim: int, *, hidden: Sequence[int], proposals: int, draws: int, rngs: nnx.Rngs):
        self.latent_dim, self.proposals, self.draws = latent_dim, proposals, draws
        self.network = MLP([latent_dim, *hidden, 1], rngs=rngs)
        self.normaliser = nnx.Variable(jnp.float32(0.5))
        self.normaliser_stderr = nnx.Variable(jnp.float32(jnp.nan))

    def log_acceptance(self, z: Float[Array, "B d"]) -> Float[Array, " B"]:
        """log a(z)."""
        return jax.nn.log_sigmoid(self.network(z)[:, 0])

    def log_prob(self, z: Float[Array, "B d"]) -> Float[Array, " B"]:
        """log p(z) in nats with the final normaliser."""
        return self._log_prob(z, jnp.full((len(z),), self.normaliser[...]))

    def _log_prob(self, z: Float[Array, "B d"], normaliser: Float[Array, " B"]) -> Float[Array, " B"]:
        normaliser = jnp.clip(normaliser, 1e-6, 1 - 1e-6)
        log_rest = (self.proposals - 1) * jnp.log1p(-normaliser)
        accepted = self.log_acceptance(z) - jnp.log(normaliser) + jnp.log(-jnp.expm1(log_rest))
        return log_standard_normal(z) + jnp.logaddexp(accepted, log_rest)

    def training_log_prob(
        self, key: jax.Array, z: Float[Array, "B d"], log_q: Float[Array, " B"]
    ) -> Float[Array, " B"]:
        """log p(z) with a new estimate of the normaliser for each z."""
        fresh = jnp.exp(self.log_acceptance(jax.random.normal(key, (self.draws, self.latent_dim))))
        # Z does not depend on z, so no gradient flows through the draw z at which a is evaluated.
        z_fixed, log_q = jax.lax.stop_gradient((z, log_q))
        weighted = jnp.exp(log_standard_normal(z_fixed) - log_q + self.log_acceptance(z_fixed))
        return self._log_prob(z, (fresh.sum() + weighted) / (self.draws + 1))

    def sample(self, key: jax.Array, *, n: int) -> Float[Array, "{n} d"]:
        """n draws: propose until all are accepted, at most T times."""
        own, noise_key = jax.random.fold_in(key, 2), jax.random.split(key)[1]
        shape = (n, self.latent_dim)

        def number(step: jax.Array, kind: int) -> jax.Array:
            return jax.random.fold_in(jax.random.fold_in(own, step), kind)

        return accept_reject(
            jax.random.normal(noise_key, shape),  # the noise that all strategies share
            propose=lambda step: jax.random.normal(number(step, 0), shape),
            accept=lambda step, z: (
                jnp.log(jax.random.uniform(number(step, 1), (n,))) < self.log_acceptance(z)
            ),
            most=self.proposals,
        )

    @property
    def diagnostics(self) -> dict[str, float]:
        """The normaliser Z with its standard error."""
        return {
            "normaliser": float(self.normaliser[...]),
            "normaliser_stderr": float(self.normaliser_stderr[...]),
        }

    def finish(self, key: jax.Array) -> None:
        """Z and its standard error by plain Monte Carlo."""
        block = lambda key: jnp.exp(self.log_acceptance(jax.random.normal(key, (BLOCK, self.latent_dim))))  # noqa: E731
        a = jax.lax.map(block, jax.random.split(key, FINAL_DRAWS // BLOCK))
        self.normaliser[...] = a.mean()
        self.normaliser_stderr[...] = a.std() / jnp.sqrt(jnp.float32(a.size))


class LarsVAE(VAE):
    """The VAE with a prior by learned accept/reject sampling."""

    summary = "as vae, with a learned prior: N(0, I) resampled by a learned acceptance, at most T proposals"
    source = "Bauer & Mnih 2019"
    quick = MappingProxyType({"hidden": (16,), "normaliser_draws": 256})

    def make_prior(self, config: VAEConfig, size: int, rngs: nnx.Rngs) -> LarsPrior:
        """The acceptance network."""
        own, d = config.prior, config.latent_dim
        return LarsPrior(d, hidden=own.hidden, proposals=own.proposals, draws=own.normaliser_draws, rngs=rngs)
