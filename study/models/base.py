"""What a model family is: networks, a prior, and a loss; whatever comes after training asks for no more.

A family is one file with one subclass of `Model` and a line in `study/config/families.py`, which names the settings
that it uses, so that they decide the store's keys of this family alone.
"""

import abc
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import jax
from flax import nnx

from study.config import VAEConfig
from study.models.likelihoods import Likelihood, decoder_mean, decoder_output, reconstruction
from study.models.networks import build_networks
from study.models.priors.base import Prior

EDGE = 1e-3  # how far from 0 and 1 the mean of a pixel begins, which may be black in all training data


class Loss(NamedTuple):
    """What is minimised, and what is reported beside it, so that families can be compared.

    Attributes:
        value: scalar; α·D + β·R and the terms of the family's own.
        recon: `[B]`, D per example: squared error, or cross-entropy in nats, summed over data dimensions.
        rate: `[B]`, R per example in nats: KL(q(z|x)‖p(z)), or an estimate of it where there is no closed form.
    """

    value: jax.Array
    recon: jax.Array
    rate: jax.Array


class Model(nnx.Module):
    """q(z|x) = N(mean(x), diag exp log_var(x)), p(z) = N(0, I) or learned, p(x|z) by the likelihood.

    All functions are pure jnp, since they run inside the compiled grid, under strict promotion of types and ranks.

    Attributes:
        summary: one line for `study list models`.
        source: paper, as a reader would name it.
        quick: values of the settings that it uses with which a test trains it in seconds.
        variants: further values that the tests over all families train it with.
        likelihood, objective: of the decoder, and the settings of the family's loss.
        encoder, decoder, prior: the networks, and the prior where it is learned.
        conditional: whether encoder and decoder see labels; `labels` is None for all other families.
        encodes: whether there is an encoder; `encode` and what follows from it are not asked of a family without one.
        momentum: Adam's decay of the mean gradient.
        blockwise: whether validation data are taken in blocks of about a batch, because the loss couples the examples
            of a batch or holds several draws of each.
    """

    summary: ClassVar[str]
    source: ClassVar[str]
    quick: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    conditional: ClassVar[bool] = False
    encodes: ClassVar[bool] = True
    momentum: ClassVar[float] = 0.9
    blockwise: ClassVar[bool] = False

    def __init__(
        self,
        config: VAEConfig,
        size: int,
        likelihood: Likelihood,
        *,
        shape: tuple[int, ...] = (),
        classes: int = 0,
        rngs: nnx.Rngs,
    ):
        """Build what a family has in common.

        Args:
            config: family, networks, latent_dim and settings.
            size: data dimensions D.
            likelihood: of the decoder.
            shape: of one example, for networks that are not flat; `prod(shape) == size`.
            classes: how many labels there are; of use to conditional families, whose networks get `classes` more
                columns of input, on both sides.
            rngs: the stream `params` is drawn from.
        """
        self.likelihood: Likelihood = likelihood
        self.classes = classes
        self.objective = config.objective
        self.begins_at_mean = config.network_settings.get("output_bias") == "data"
        context = classes if self.conditional else 0
        self.encoder, self.decoder = build_networks(config, size, shape=shape, context=context, rngs=rngs)
        # last, so that encoder and decoder begin as those of a "vae" of the same seed
        self.prior: Prior | None = self.make_prior(config, size, rngs)
        self.extend(config, size, shape, rngs)

    def extend(self, config: VAEConfig, size: int, shape: tuple[int, ...], rngs: nnx.Rngs) -> None:
        """Add what this family has beside networks and prior; arguments as of `__init__`.

        Raises:
            StudyError: the likelihood is none of this family's.
        """

    def make_prior(self, config: VAEConfig, size: int, rngs: nnx.Rngs) -> Prior | None:
        """The prior that is learned with the model, of D = `size` data dimensions; None is N(0, I)."""
        return None

    @abc.abstractmethod
    def loss(
        self, key: jax.Array, x: jax.Array, labels: jax.Array | None, alpha: jax.Array, beta: jax.Array
    ) -> Loss:
        """The loss of a batch x `[B, D]`, labels `[B]` int32; α and β are traced scalars."""

    def encode(self, x: jax.Array, labels: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
        """`[B, D]` -> mean `[B, d]`, log-variance `[B, d]`."""
        mean, log_var = self.encoder(x)
        return mean, log_var

    def output(self, z: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """What the decoder gives before the likelihood makes a mean of it, `[B, d]` -> `[B, D]`."""
        return self.decoder(z)

    def decode(self, z: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """E[x|z]: `[B, d]` -> `[B, D]`."""
        return decoder_mean(self.likelihood, self.output(z, labels))

    def distortion(self, x: jax.Array, z: jax.Array, labels: jax.Array | None = None) -> jax.Array:
        """D of x `[B, D]` decoded from z `[B, d]`: `[B]`."""
        return reconstruction(self.likelihood, self.output(z, labels), x)

    def noise_variance(self, alpha: jax.Array, beta: jax.Array) -> jax.Array:
        """Variance of p(x|z) around its mean where it is Gaussian: s = β/(2α), unless the family learns it."""
        return beta / (2 * alpha)

    def start(self, key: jax.Array, train: jax.Array) -> None:
        """Set what begins at training data `[N, D]`."""
        if self.begins_at_mean:
            output = decoder_output(self.likelihood, train.mean(0), edge=EDGE)
            self.decoder.layers[-1].bias[...] = output
        if self.prior is not None:
            self.prior.start(key, train)

    def finish(self, key: jax.Array) -> None:
        """Set what is only known when training is over."""
        if self.prior is not None:
            self.prior.finish(key)
