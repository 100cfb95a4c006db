"""Aggregate posteriors class by class, q(z|y) = 1/N_y Σ_{n: y_n = y} q(z|x_n), against the prior and against q(z).

A conditional model decodes z with its label, so for a class its decoder was trained on q(z|y). The mismatch that
matters is Σ_y p(y) KL(q(z|y)‖p(z)). I(y; z) = Σ_y p(y) KL(q(z|y)‖q(z)) is the information that z holds about the label,
which the decoder is given anyway. KL(q(z)‖p(z)) is the difference of the two.
"""

import dataclasses
import math

import numpy as np

from study.errors import CannotFit
from study.latents.aggregate import AggregatePosterior
from study.latents.base import Latents, require_latents
from study.latents.prior import PriorDensity
from study.latents.surgery import Estimate, mean_estimate, surgery
from study.runtime.checks import whole_number
from study.runtime.drawing import split
from study.runtime.keys import Key, as_key


@dataclasses.dataclass(frozen=True)
class ByClass:
    """Averages over classes, weighted by their share of the codes, in nats.

    Attributes:
        class_kl_lower, class_kl_upper: bracket on Σ_y p(y) KL(q(z|y)‖p(z)), as for KL(q(z)‖p(z)) in `surgery`.
        label_information: I(y; z) under the mixture q(z) of the codes; at most the entropy of the labels.
    """

    class_kl_lower: Estimate
    class_kl_upper: Estimate
    label_information: Estimate


def by_class(key: Key, latents: Latents, *, draws: int, prior: PriorDensity | None = None) -> ByClass:
    """Decompose each class on its own, with `draws` Monte Carlo draws in all, equally many for each class.

    Args:
        key: jax.random key.
        latents: posteriors of the training examples, with labels.
        draws: draws of z.
        prior: p(z), if it was learned with the model; None is N(0, I).

    Raises:
        CannotFit: the codes have no labels.
    """
    require_latents("by_class", latents)
    key, draws = as_key(key), whole_number(draws, name="draws", least=1)
    if latents.labels is None:
        raise CannotFit("by_class: the codes have no labels; give Latents(..., labels=[N])")
    classes, counts = np.unique(latents.labels, return_counts=True)
    each = max(2, draws // len(classes))
    q, shares = AggregatePosterior(latents), counts / counts.sum()
    lower, upper, told = [], [], []
    for label, own in zip(classes, split(key, len(classes)), strict=True):
        surgery_key, draw_key = split(own)
        rows = latents.labels == label
        part = Latents(latents.mean[rows], latents.log_var[rows])
        apart = surgery(surgery_key, part, part, draws=each, prior=prior)
        lower.append(apart.kl_aggregate_lower)
        upper.append(apart.kl_aggregate_upper)
        of_class = AggregatePosterior(part)
        z = of_class.sample(draw_key, n=each)
        told.append(mean_estimate(of_class.log_prob(z) - q.log_prob(z)))
    return ByClass(*(_average(parts, shares) for parts in (lower, upper, told)))


def _average(parts: list[Estimate], shares: np.ndarray) -> Estimate:
    value = float(sum(share * part.value for share, part in zip(shares, parts, strict=True)))
    squares = sum((share * part.stderr) ** 2 for share, part in zip(shares, parts, strict=True))
    return Estimate(value, math.sqrt(squares), sum(part.n for part in parts))
