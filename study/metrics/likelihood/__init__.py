"""The likelihood of data under a trained model, and the distance of q(z|x) from the true posterior p(z|x).

log p(x) − ELBO(x) = KL(q(z|x)‖p(z|x)) is the error of the encoder for each example :cite:`cremer2018`.

All values are about the generative model p(z) p(x|z), without the weights of the loss: the KL term has weight one,
whatever α and β were. A Gaussian decoder has variance s = β/(2α), the only effect of the weights; ELBO·β is then minus
the training loss plus a constant, and all values are log-densities in nats, which grow without bound as s falls. A
Bernoulli decoder has no such parameter: α and β only affect training, and if they differ, the ELBO here is not the
objective that was maximised. On data between 0 and 1 its "likelihood" is minus the cross-entropy, which is normalised
over {0, 1} only: such values compare models but are not log-densities. `study.binarised` makes data whose probabilities
they are.
"""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
import pandas as pd
from jaxtyping import Float

from study.config import AnnealingConfig, LikelihoodConfig, check_samples
from study.errors import CannotFit, StudyError
from study.metrics.base import Measurement, missing
from study.metrics.likelihood.ais import annealed
from study.metrics.likelihood.density import JointDensity, density
from study.metrics.likelihood.importance import (
    EXAMPLES,
    Estimates,
    effective_samples,
    elbo,
    importance_bound,
    log_weights,
    posterior_gap,
)
from study.metrics.registry import fact
from study.runtime.checks import shown, whole_number
from study.runtime.drawing import split
from study.runtime.keys import Key, as_key
from study.training.blocks import rows
from study.training.model import TrainedModel

__all__ = ["ON_HELD_OUT", "likelihood", "likelihood_rows"]

SAMPLES = LikelihoodConfig().samples
ON_HELD_OUT = "held-out data"  # the reference of rows about a model on held-out data


def likelihood(
    key: Key,
    model: TrainedModel,
    x: Float[np.ndarray, "N D"],
    *,
    samples: Sequence[int] = SAMPLES,
    annealing: AnnealingConfig | None = None,
    annealed_examples: int | None = None,
) -> pd.DataFrame:
    """Bounds on log p(x) and the posterior gap of each example x, in nats.

    Args:
        key: decides all draws; those of an example depend on its row number, not on the other examples.
        model: a trained model; its prior may be learned.
        x: data that it was not trained on.
        samples: the K of the importance-weighted bounds; each must divide the largest, whose draws all of them use.
        annealing: the configuration of annealed importance sampling; None leaves it out.
        annealed_examples: for how many examples, from the first on, annealing is done; None is all.

    Returns:
        A row per example and metric with columns example, metric, value and stderr, which covers the Monte Carlo error
        only. Metrics: `elbo`; `iwae_K` for each K; `posterior_gap`, a lower bound on log p(x) − ELBO(x) =
        KL(q(z|x)‖p(z|x)) from the largest K; `effective_samples` among these K. With annealing also `ais`, its
        `ais_acceptance`, and `posterior_gap_ais`, the gap with log p(x) from annealing.

    Raises:
        CannotFit: x holds no examples, or the decoder has no density.
        StudyError: x is not `[N, D]`, or a K does not divide the largest.
    """
    key = as_key(key)
    _check_kinds(model, annealing)
    x = rows(x, model.architecture.size, "x")
    check_samples(samples)
    if annealed_examples is not None:
        annealed_examples = whole_number(annealed_examples, name="annealed_examples")
    if not len(x):
        raise CannotFit("likelihood: x holds no examples")
    largest = max(samples)
    joint = density(model)
    weight_key, anneal_key = split(key)
    parts = []
    for start in range(0, len(x), EXAMPLES):
        log_w = log_weights(weight_key, joint, x[start : start + EXAMPLES], samples=largest, first=start)
        found = {"elbo": elbo(log_w)}
        found |= {f"iwae_{k}": importance_bound(log_w, k) for k in sorted(samples)}
        found["posterior_gap"] = posterior_gap(log_w)
        found["effective_samples"] = _exact(effective_samples(log_w))
        parts.append(_frame(found, start))
    table = pd.concat(parts, ignore_index=True)
    some = x[:annealed_examples]
    if annealing is None or not len(some):
        return table
    lower = table[table["metric"] == "elbo"][: len(some)]
    return pd.concat([table, _annealed(anneal_key, joint, some, annealing, lower)], ignore_index=True)


def _annealed(
    key: jax.Array,
    joint: JointDensity,
    x: Float[np.ndarray, "N D"],
    how: AnnealingConfig,
    lower: pd.DataFrame,
) -> pd.DataFrame:
    """The rows that annealing adds for x; `lower` holds the rows with its ELBO."""
    estimates, acceptance = annealed(key, joint, x, how)
    gap = estimates.value - lower["value"].to_numpy()
    spread = np.hypot(estimates.stderr, lower["stderr"].to_numpy())
    found = {
        "ais": estimates,
        "ais_acceptance": _exact(acceptance),
        "posterior_gap_ais": Estimates(gap, spread),
    }
    return _frame(found, 0)


def _check_kinds(model: Any, annealing: Any) -> None:
    if not isinstance(model, TrainedModel):
        raise StudyError(f"likelihood: give a model that study.train made, got {shown(model)}")
    if annealing is not None and not isinstance(annealing, AnnealingConfig):
        raise StudyError(f"likelihood: annealing must be study.AnnealingConfig(...), got {shown(annealing)}")


def likelihood_rows(
    key: jax.Array, model: TrainedModel, x: Float[np.ndarray, "N D"], config: LikelihoodConfig
) -> list[Measurement]:
    """Means of `likelihood` over the first examples of x, as many as the configuration says; no rows if 0.

    Standard errors are over examples, so they cover both the choice of examples and the Monte Carlo error.
    """
    if not config.examples:
        return []
    x = x[: config.examples]
    try:
        table = likelihood(
            key,
            model,
            x,
            samples=config.samples,
            annealing=config.annealing,
            annealed_examples=config.annealed,
        )
    except CannotFit as error:
        return [missing("elbo", n=len(x), reference=ON_HELD_OUT, better="higher", reason=str(error))]
    return [_mean(str(metric), own["value"]) for metric, own in table.groupby("metric", sort=False)]


def _mean(metric: str, values: pd.Series) -> Measurement:
    n = len(values)
    stderr = float(values.std(ddof=1)) / np.sqrt(n) if n > 1 else float("nan")
    return Measurement(metric, float(values.mean()), stderr, n, ON_HELD_OUT, fact(metric).better)


def _exact(values: Float[np.ndarray, " N"]) -> Estimates:
    return Estimates(values, np.full(len(values), np.nan))


def _frame(found: dict[str, Estimates], start: int) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "example": np.arange(start, start + len(e.value)),
                "metric": m,
                "value": e.value,
                "stderr": e.stderr,
            }
        )
        for m, e in found.items()
    ]
    return pd.concat(parts, ignore_index=True)
