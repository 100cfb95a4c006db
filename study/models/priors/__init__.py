"""Priors that are learned with the model, one file each; N(0, I) needs none."""

from typing import Any

from flax import nnx

from study.config import VAEConfig
from study.models.likelihoods import Likelihood
from study.models.priors.base import Mixture, Prior
from study.models.priors.flow import FlowPrior
from study.models.priors.lars import LarsPrior
from study.models.priors.mog import MogPrior
from study.models.priors.vamp import VampPrior

__all__ = ["FlowPrior", "LarsPrior", "Mixture", "MogPrior", "Prior", "VampPrior", "build_prior"]


def build_prior(
    config: VAEConfig, *, encoder: Any, size: int, likelihood: Likelihood, rngs: nnx.Rngs
) -> Prior | None:
    """The prior of a model family; None is N(0, I), of every family that learns none.

    Args:
        config: family, latent_dim and the prior's settings.
        encoder: of the model, which `vampprior` shares.
        size: data dimensions D.
        likelihood: of the model, which decides whether pseudo-inputs are kept in [0, 1].
        rngs: the stream `params` is drawn from.
    """
    d, settings = config.latent_dim, config.prior
    if not config.prior_settings:
        return None
    if config.family == "vampprior":
        return VampPrior(encoder, settings.components, size, d, likelihood)
    if config.family == "mog-prior":
        return MogPrior(settings.components, d, full=settings.covariance == "full", rngs=rngs)
    if config.family == "flow-prior":
        return FlowPrior(d, layers=settings.layers, bins=settings.bins, hidden=settings.hidden, rngs=rngs)
    return LarsPrior(
        d, hidden=settings.hidden, proposals=settings.proposals, draws=settings.normaliser_draws, rngs=rngs
    )
