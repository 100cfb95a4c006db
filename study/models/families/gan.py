"""A GAN whose generator is the decoder of a VAE of the same size; without an encoder, z can only come from the prior.

    generator's loss       E_z softplus(−T(G(z))),   z ~ N(0, I)
    discriminator's loss   E_x softplus(−T(x)) + E_z softplus(T(G(z))) + ½γ E_x ‖∂T(x)/∂x‖²

T is the logit of a discriminator, which is the encoder's network with one output; γ is `gradient_penalty`. Each step
updates both networks at once, on one batch of data and one of draws. Stopped gradients restrict each loss to its own
network, so that the engine minimises their sum like any other loss. Adam runs without momentum, as in the second paper.

Source: :cite:`goodfellow2014`, the non-saturating loss of section 3; :cite:`mescheder2018`, section 4.1, the penalty R₁
on real data only, with which training converges near the solution; without it, training may not converge.

The thread: sampling a VAE's prior is "akin to a vanilla GAN". A GAN's decoder is trained on draws from the prior,
so there is no aggregate posterior that could differ from it. There is no D and no R, so α and β have no effect.
"""

import dataclasses
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Scalar

from study.config import VAEConfig
from study.models.base import Examples, Labels, Loss, Model
from study.models.networks import build_networks


class GAN(Model):
    """A decoder and, for training only, a discriminator."""

    summary = "no encoder: the decoder of a vae against a discriminator of the encoder's size, z ~ N(0, I)"
    source = "Goodfellow et al. 2014; Mescheder et al. 2018"
    encodes: ClassVar[bool] = False
    momentum: ClassVar[float] = 0.0

    def extend(self, config: VAEConfig, size: int, shape: tuple[int, ...], rngs: nnx.Rngs) -> None:
        """Replace the encoder by a discriminator."""
        del self.encoder
        scalar = dataclasses.replace(config, latent_dim=1)
        self.discriminator, _ = build_networks(scalar, size, shape=shape, rngs=rngs)
        self.latent_dim = config.latent_dim

    def loss(self, key: jax.Array, x: Examples, labels: Labels, alpha: Scalar, beta: Scalar) -> Loss:
        """The sum of both losses for x and as many draws; D and R do not exist here and are NaN."""
        made = self.decode(jax.random.normal(key, (len(x), self.latent_dim)))
        graph, parameters = nnx.split(self.discriminator)
        fixed = _Logit(graph, jax.tree.map(jax.lax.stop_gradient, parameters))
        logit = _Logit(graph, parameters)
        generator = jax.nn.softplus(-fixed(made)).mean()
        discriminator = (
            jax.nn.softplus(-logit(x)) + jax.nn.softplus(logit(jax.lax.stop_gradient(made)))
        ).mean()
        slope = jax.grad(lambda x: logit(x).sum())(x)
        penalty = 0.5 * self.objective.gradient_penalty * jnp.square(slope).sum(-1).mean()
        nothing = jnp.full(x.shape[:1], jnp.nan)
        return Loss(generator + discriminator + penalty, nothing, nothing)

    def noise_variance(self, alpha: Scalar, beta: Scalar) -> Scalar:
        """0: the generator is a function rather than a distribution."""
        return jnp.zeros_like(beta)


@dataclasses.dataclass(frozen=True, eq=False)
class _Logit:
    """T of x, the first output of the discriminator network with these parameters."""

    graph: nnx.GraphDef[nnx.Module]
    parameters: nnx.State[Any, Any]

    def __call__(self, x: Examples) -> Float[Array, " B"]:
        return nnx.merge(self.graph, self.parameters)(x)[0][:, 0]
