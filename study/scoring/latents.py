"""Measurements of one model that need no samples: q(z) against the prior, each latent dimension, and log p(x)."""

from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from study.config import LikelihoodConfig
from study.data.base import Dataset
from study.latents import Latents, dimension_table, surgery
from study.latents.by_class import by_class
from study.latents.surgery import Estimate, mean_estimate
from study.latents.two_sample import two_sample
from study.metrics.base import Measurement
from study.metrics.likelihood import likelihood_rows
from study.models.likelihoods import Likelihood
from study.runtime.drawing import split
from study.scoring.context import Context, Measured
from study.scoring.encode import Encoded
from study.scoring.model import ScoredModel
from study.scoring.rows import (
    MODEL,
    class_measurements,
    distance_measurements,
    metric_row,
    noise_measurements,
    prior_measurements,
    surgery_measurements,
)
from study.strategies.base import with_labels
from study.training.model import TrainedModel

CODES = 2000  # posteriors that are stored for the two-dimensional map


def measure_latents(context: Context, *, density_draws: int) -> Measured:
    """Measure q(z) against the prior, and store the posteriors of the two-dimensional map."""
    dimension_key = split(context.key, 5)[1]
    model, encoded = context.model, context.encoded
    if encoded is None:
        return Measured()
    own = _latent_measurements(context.key, model, encoded, context.data, draws=density_draws)
    latents = dimension_table(
        dimension_key, encoded.train, draws=density_draws, prior=getattr(model, "prior", None)
    )
    arrays: dict[str, np.ndarray] = {}
    if encoded.train.d == 2:
        arrays["codes"] = np.stack([encoded.train.mean[:CODES], encoded.train.log_var[:CODES]], axis=1)
    return Measured(_rows(own), latents, arrays)


def measure_likelihood(context: Context, config: LikelihoodConfig) -> Measured:
    """Bounds on log p(x) of held-out data, those that the configuration asks for."""
    key = jax.random.fold_in(split(context.key, 5)[0], 4)
    assert isinstance(context.model, TrainedModel)  # only of these p(x|z) is known
    return Measured(_rows(likelihood_rows(key, context.model, context.data.held_out, config)))


def _rows(own: list[Measurement]) -> list[dict[str, Any]]:
    return [metric_row(MODEL, "{}", 0, 0, m) for m in own]


def _latent_measurements(
    key: jax.Array, model: ScoredModel, encoded: Encoded, data: Dataset, *, draws: int
) -> list[Measurement]:
    """Measurements of q(z) against the prior, and D of held-out data; `key` is that of `evaluate_model`."""
    surgery_key, _, _, _, recon_key = split(key, 5)
    distance_key, class_key = (jax.random.fold_in(surgery_key, i) for i in (1, 3))
    prior = getattr(model, "prior", None)
    apart = surgery(surgery_key, encoded.train, encoded.held_out, draws=draws, prior=prior)
    own = surgery_measurements(apart, distortion(recon_key, model, encoded.held_out, data.held_out))
    own += distance_measurements(two_sample(distance_key, encoded.train, draws=draws, prior=prior))
    own += prior_measurements(prior)
    own += noise_measurements(model) if isinstance(model, TrainedModel) else []
    if model.conditional:
        own += class_measurements(by_class(class_key, encoded.train, draws=draws, prior=prior))
    return own


def distortion(key: jax.Array, model: ScoredModel, latents: Latents, x: Float[np.ndarray, "N D"]) -> Estimate:
    """The term D of the loss for x, from one draw of z per example: summed squared error or cross-entropy."""
    z = latents.sample(key)
    output = model.decode(z, *with_labels(model, latents.labels)).astype(np.float64)
    return mean_estimate(_distortion(model.likelihood, output, x.astype(np.float64)))


def _distortion(
    likelihood: Likelihood, mean: Float[np.ndarray, "N D"], x: Float[np.ndarray, "N D"]
) -> Float[np.ndarray, " N"]:
    if likelihood == "gaussian":
        return np.square(mean - x).sum(1)
    mean = np.clip(mean, 1e-7, 1 - 1e-7)
    return -(x * np.log(mean) + (1 - x) * np.log1p(-mean)).sum(1)
