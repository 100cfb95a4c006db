"""The base class of model families: networks, a prior, and a loss. Nothing after training needs more than this.

A family is one file with one subclass of `Model` and a line in `study/config/families.py`, which names the settings
that it uses, so that they are part of the store keys of this family only.
"""

import abc
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import jax
from flax import nnx
from jaxtyping import Array, Float, Int, Scalar

from study.config import VAEConfig
from study.models.likelihoods import Likelihood, decoder_mean, decoder_output, reconstruction
from study.models.networks import build_networks
from study.models.priors.base import Prior

EDGE = 1e-3  # least initial distance of a pixel's mean from 0 and 1, since a pixel may be black in all training data
Examples = Float[Array, "B D"]  # a batch of x
Labels = Int[Array, " B"] | None  # int32


class Loss(NamedTuple):
    """The minimised loss, and two terms that every family reports, so that families can be compared.

    Attributes:
        value: α·D + β·R and the terms that the family adds.
        recon: D per example: squared error, or cross-entropy in nats, summed over data dimensions.
        rate: R per example in nats: KL(q(z|x)‖p(z)), or an estimate of it if there is no closed form.
    """

    value: Scalar
    recon: Float[Array, " B"]
    rate: Float[Array, " B"]


class Model(nnx.Module):
    """q(z|x) = N(mean(x), diag exp log_var(x)), p(z) = N(0, I) or learned, p(x|z) given by the likelihood.

    All functions are pure jnp, since they run inside the compiled grid, under strict promotion of types and ranks.

    Attributes:
        summary: one line for `study list models`.
        source: the paper, as a reader would name it.
        quick: values of its settings with which a test trains it in seconds.
        variants: further values of its settings to train in the tests over all families.
        likelihood, objective: the likelihood of the decoder, and the settings of the family's loss.
        encoder, decoder, prior: the networks, and the prior if it is learned.
        conditional: whether encoder and decoder see labels; `labels` is None for all other families.
        encodes: whether there is an encoder; without one, `encode` is never called.
        momentum: Adam's decay rate of the mean gradient (β₁).
        blockwise: whether the loss of validation data is computed in blocks of about one batch, because the loss
            couples the examples of a batch or holds several draws of each.
        exemplars: whether the prior stands on training examples: each step then sees more of them than its batch, which
            `stand_on` is given before the loss, and `finish` stores the code of every one.
    """

    summary: ClassVar[str]
    source: ClassVar[str]
    quick: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    variants: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    conditional: ClassVar[bool] = False
    encodes: ClassVar[bool] = True
    momentum: ClassVar[float] = 0.9
    blockwise: ClassVar[bool] = False
    exemplars: ClassVar[bool] = False

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
        """Build the parts that all families have.

        Args:
            config: family, networks, latent_dim and settings.
            size: data dimensions D.
            likelihood: of the decoder.
            shape: of one example, for networks that are not flat; `prod(shape) == size`.
            classes: number of classes; in conditional families, the inputs of encoder and decoder get `classes` more
                columns.
            rngs: initial parameters are drawn from its stream `params`.
        """
        self.likelihood: Likelihood = likelihood
        self.classes = classes
        self.objective = config.objective
        self.begins_at_mean = config.network_settings.get("output_bias") == "data"
        context = classes if self.conditional else 0
        self.encoder, self.decoder = build_networks(config, size, shape=shape, context=context, rngs=rngs)
        # after the networks, so that these start with the same parameters as those of a "vae" with the same seed
        self.prior: Prior | None = self.make_prior(config, size, rngs)
        self.extend(config, size, shape, rngs)

    def extend(self, config: VAEConfig, size: int, shape: tuple[int, ...], rngs: nnx.Rngs) -> None:
        """Add what this family has beside networks and prior; arguments as in `__init__`.

        Raises:
            StudyError: this family does not support the likelihood.
        """

    def make_prior(self, config: VAEConfig, size: int, rngs: nnx.Rngs) -> Prior | None:
        """The prior that is learned with the model, for D = `size` data dimensions; None means N(0, I)."""
        return None

    @abc.abstractmethod
    def loss(self, key: jax.Array, x: Examples, labels: Labels, alpha: Scalar, beta: Scalar) -> Loss:
        """The loss of a batch; α and β are traced."""

    def encode(self, x: Examples, labels: Labels = None) -> tuple[Float[Array, "B d"], Float[Array, "B d"]]:
        """Mean and log-variance of q(z|x)."""
        mean, log_var = self.encoder(x)
        return mean, log_var

    def output(self, z: Float[Array, "B d"], labels: Labels = None) -> Examples:
        """The output of the decoder network, from which the likelihood computes the mean."""
        return self.decoder(z)

    def decode(self, z: Float[Array, "B d"], labels: Labels = None) -> Examples:
        """E[x|z]."""
        return decoder_mean(self.likelihood, self.output(z, labels))

    def distortion(self, x: Examples, z: Float[Array, "B d"], labels: Labels = None) -> Float[Array, " B"]:
        """D of x decoded from z."""
        return reconstruction(self.likelihood, self.output(z, labels), x)

    def noise_variance(self, alpha: Scalar, beta: Scalar) -> Scalar:
        """Variance of p(x|z) around its mean for a Gaussian decoder: s = β/(2α), unless the family learns it."""
        return beta / (2 * alpha)

    def start(self, key: jax.Array, train: Float[Array, "N D"], n: int | None = None) -> None:
        """Set the initial parameters that depend on the training data; n is their number if `train` is a part."""
        if self.begins_at_mean:
            output = decoder_output(self.likelihood, train.mean(0), edge=EDGE)
            self.decoder.layers[-1].bias[...] = output
        if self.prior is not None:
            self.prior.start(key, train)

    def stand_on(self, exemplars: Examples, *, holds_batch: bool) -> None:
        """Take these training examples for the prior of the loss that follows, in families with `exemplars`.

        Args:
            exemplars: x of some training examples.
            holds_batch: whether the first of them are the batch itself, in its order.
        """
        raise NotImplementedError

    def finish(self, key: jax.Array, train: jax.Array | None = None, labels: jax.Array | None = None) -> None:
        """Set what is only known after training, some of it from the training data `[N, D]` with labels `[N]`."""
        if self.prior is not None:
            self.prior.finish(key)
