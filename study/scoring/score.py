"""Everything measured on one trained model: plain tables from plain arrays."""

import dataclasses
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
import pandas as pd

from study.config import Decode, LikelihoodConfig
from study.data.base import Dataset
from study.errors import CannotFit, FileError
from study.latents import Latents, dimension_table, surgery
from study.latents.by_class import by_class
from study.latents.surgery import Estimate, mean_estimate
from study.latents.two_sample import two_sample
from study.metrics.base import Measurement, missing
from study.metrics.evaluate import Evaluator
from study.metrics.likelihood import likelihood_rows
from study.models.likelihoods import Likelihood
from study.runtime.shown import shown_text
from study.scoring.encode import Encoded
from study.scoring.fit import Fits, replicates
from study.scoring.generate import decoder, generate, in_range, in_units, to_uint8
from study.scoring.quality import quality_along_density
from study.scoring.rows import (
    MODEL,
    class_measurements,
    distance_measurements,
    metric_row,
    noise_measurements,
    prior_measurements,
    surgery_measurements,
)
from study.strategies import REFERENCES, REGISTRY, hyperparameters, strategy
from study.strategies.base import Fitted, Strategy, with_labels
from study.strategies.prior import Prior, prior_of
from study.training.model import TrainedModel

SHOWN = 10  # draws per strategy kept for the sample grids
NEAREST = 5  # of these, how many beside their nearest training examples
DRAWS = "draws"  # where single draws are kept among the arrays
CODES = 2000  # posteriors kept for the two-dimensional map


@dataclasses.dataclass(frozen=True, eq=False)
class Context:
    """One trained model and all that it is measured with.

    Attributes:
        key: decides every draw; strategies share the draws of each fit, so that differences on one model are paired.
        model: the model.
        encoded: its codes; None where it has no encoder, and then nothing is measured of its latents.
        data: what it is measured on.
        evaluator: scores samples; None where only latents are measured.
        draws: per fit.
        decode: what a sample is.
    """

    key: jax.Array
    model: TrainedModel
    encoded: Encoded | None
    data: Dataset
    evaluator: Evaluator | None
    draws: int = 1
    decode: Decode = "mean"


@dataclasses.dataclass(frozen=True, eq=False)
class Measured:
    """A part of what one model scored: metric rows and latent rows without `run_id`, and arrays by name.

    Arrays are pictures for the report, and under `draws/<source>` what `quality_along_density` gives. `failure` says
    what went wrong that should not have. A part that is not `final`, a failure or what could not be fitted, is to be
    tried again and never stored as done.
    """

    rows: Sequence[dict[str, Any]] = ()
    latents: pd.DataFrame = dataclasses.field(default_factory=pd.DataFrame)
    arrays: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    failure: str = ""
    final: bool = True


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """Everything that one model scored, with the same parts as `Measured`."""

    metrics: pd.DataFrame
    latents: pd.DataFrame
    arrays: Mapping[str, np.ndarray]
    failure: str = ""

    @classmethod
    def of(cls, parts: Sequence[Measured]) -> "Evaluation":
        """The parts together, in their order."""
        arrays: dict[str, np.ndarray] = {}
        for part in parts:
            arrays = {**part.arrays, **arrays}  # pictures are those of the first fit
        latents = [part.latents for part in parts if len(part.latents)]
        return cls(
            pd.DataFrame([row for part in parts for row in part.rows]),
            latents[0] if latents else pd.DataFrame(),
            arrays,
            next((part.failure for part in parts if part.failure), ""),
        )


def evaluate_model(
    context: Context,
    *,
    strategies: Sequence[str],
    fits: int,
    density_draws: int,
    likelihood: LikelihoodConfig | None = None,
    fitted: Fits | None = None,
) -> Evaluation:
    """Measure one model: its latents, and the samples of every strategy and reference row.

    A strategy that cannot be used on this model (no labels, too few codes) is a set of rows with its reason, and so is
    one that fails. What `fit_trained` has fitted already, for this key, is not fitted again.
    """
    parts = [measure_latents(context, density_draws=density_draws, likelihood=likelihood)]
    for name in strategies if context.evaluator is not None else ():
        parts += [score(context, name, fit, ready=(fitted or {}).get((name, fit))) for fit in range(fits)]
    if strategies:
        parts.append(measure_quality(context))
    return Evaluation.of(parts)


def measure_latents(
    context: Context, *, density_draws: int, likelihood: LikelihoodConfig | None = None
) -> Measured:
    """What is known of q(z), the prior and log p(x), and the posteriors of the two-dimensional map."""
    surgery_key, dimension_key, _, _, _ = jax.random.split(context.key, 5)
    model, encoded = context.model, context.encoded
    own: list[Measurement] = []
    latents = pd.DataFrame()
    arrays: dict[str, np.ndarray] = {}
    if encoded is not None:
        own += _latent_measurements(context.key, model, encoded, context.data, draws=density_draws)
        latents = dimension_table(dimension_key, encoded.train, draws=density_draws, prior=model.prior)
        if encoded.train.d == 2:
            arrays["codes"] = np.stack([encoded.train.mean[:CODES], encoded.train.log_var[:CODES]], axis=1)
    if likelihood is not None:
        own += likelihood_rows(jax.random.fold_in(surgery_key, 4), model, context.data.held_out, likelihood)
    return Measured([metric_row(MODEL, "{}", 0, 0, m) for m in own], latents, arrays)


def measure_quality(context: Context) -> Measured:
    """Single draws with their density and quality, see `quality_along_density`; nothing without codes or evaluator."""
    encoded, evaluator, model, data = context.encoded, context.evaluator, context.model, context.data
    if encoded is None or evaluator is None:
        return Measured()
    key = jax.random.fold_in(jax.random.split(context.key, 5)[0], 2)
    scored = decoder(key, model, context.decode)
    found = quality_along_density(
        key,
        model=model,
        decode=lambda z, labels: in_range(
            scored.decode(z, *with_labels(model, labels)), data, context.decode
        ),
        train=encoded.train,
        held_out=encoded.held_out,
        evaluator=evaluator,
    )
    return Measured(arrays={f"{DRAWS}/{source}": array for source, array in found.items()})


def _latent_measurements(
    key: jax.Array, model: TrainedModel, encoded: Encoded, data: Dataset, *, draws: int
) -> list[Measurement]:
    """What is known of q(z) and the prior, and D of held-out data, with the key of `evaluate_model`."""
    surgery_key, _, _, _, recon_key = jax.random.split(key, 5)
    distance_key, class_key = (jax.random.fold_in(surgery_key, i) for i in (1, 3))
    prior = model.prior
    apart = surgery(surgery_key, encoded.train, encoded.held_out, draws=draws, prior=prior)
    own = surgery_measurements(apart, distortion(recon_key, model, encoded.held_out, data.held_out))
    own += distance_measurements(two_sample(distance_key, encoded.train, draws=draws, prior=prior))
    own += prior_measurements(prior)
    own += noise_measurements(model)
    if model.conditional:
        own += class_measurements(by_class(class_key, encoded.train, draws=draws, prior=prior))
    return own


def distortion(key: jax.Array, model: TrainedModel, latents: Latents, x: np.ndarray) -> Estimate:
    """D of data x `[N, D]` from one draw of z per example: squared error, or cross-entropy in nats, summed."""
    z = latents.sample(key)
    output = model.decode(z, *with_labels(model, latents.labels)).astype(np.float64)
    return mean_estimate(_distortion(model.architecture.likelihood, output, x.astype(np.float64)))


def _distortion(likelihood: Likelihood, mean: np.ndarray, x: np.ndarray) -> np.ndarray:
    if likelihood == "gaussian":
        return np.square(mean - x).sum(1)
    mean = np.clip(mean, 1e-7, 1 - 1e-7)
    return -(x * np.log(mean) + (1 - x) * np.log1p(-mean)).sum(1)


def score(context: Context, name: str, fit: int, *, ready: tuple[Fitted, float] | None = None) -> Measured:
    """Metric rows of one fit of a strategy or reference row over all its draws, and the first pictures.

    It is fitted here unless it is `ready`. What cannot be fitted is rows with the reason; so is whatever else is
    raised, which is a failure too.
    """
    assert context.evaluator is not None
    chosen = strategy(name) if name in REGISTRY else None
    configured = json.dumps(hyperparameters(chosen), sort_keys=True) if chosen else "{}"
    try:
        rows, shown = _scored(context, name, chosen, configured, fit, ready)
    except FileError:
        raise
    except CannotFit as error:
        return Measured(
            _gaps(context, name, configured, fit, shown_text(str(error)), status="missing"), final=False
        )
    except Exception as error:
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        reason = shown_text(" ".join(reason.split()))
        rows = _gaps(context, name, configured, fit, reason, status="failed")
        return Measured(rows, failure=f"strategy {name!r}: {reason}", final=False)
    arrays: dict[str, np.ndarray] = {}
    if context.data.is_image:
        nearest = context.evaluator.nearest_train(shown[:NEAREST])
        arrays = {
            name: to_uint8(shown, context.data),
            f"{name}/nearest": to_uint8(nearest, context.data),
        }
    elif context.data.is_sequence:
        arrays = {f"{name}/windows": in_units(shown, context.data)}
    return Measured(rows, arrays=arrays)


def _scored(
    context: Context,
    name: str,
    chosen: Strategy | None,
    configured: str,
    fit: int,
    ready: tuple[Fitted, float] | None,
) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Metric rows, and the first pictures `[k, D]`."""
    data, model, evaluator = context.data, context.model, context.evaluator
    assert evaluator is not None
    n = evaluator.n
    fit_key, draw_keys = replicates(context.key, fits=fit + 1, draws=context.draws)[fit]
    rows: list[dict[str, Any]] = []
    shown = None
    row = lambda draw, m: metric_row(name, configured, fit, draw, m)  # noqa: E731
    began = time.perf_counter()
    if chosen is None:
        reference, known = REFERENCES[name], None
        if name in ("held-out", "reconstruction") and data.held_out_labels is not None:
            known = data.held_out_labels[:n]
        make = lambda key: (  # noqa: E731
            reference(key, data=data, model=decoder(key, model, context.decode), n=n),
            known,
        )
    else:
        fitted, seconds = ready or (
            _fit(chosen, fit_key, model, context.encoded),
            time.perf_counter() - began,
        )
        make = lambda key: generate(  # noqa: E731
            key, fitted, model=decoder(key, model, context.decode), data=data, n=n
        )
        rows += [row(0, m) for m in _fit_rows(fitted.info, seconds, context.encoded)]
    make(draw_keys[0])  # compiles what is not compiled yet, which is no cost of drawing
    for draw, key in enumerate(draw_keys):
        began = time.perf_counter()
        x, asked = make(key)
        x = in_range(x, data, context.decode)
        seconds = 1000 * (time.perf_counter() - began) / n
        cost = Measurement("seconds_per_1000", seconds, float("nan"), n, "", "lower")
        rows += [row(draw, m) for m in [*evaluator.measure(x, asked), cost]]
        shown = x[_shown(n, data)] if shown is None else shown
    assert shown is not None
    return rows, shown


def _gaps(
    context: Context, name: str, configured: str, fit: int, reason: str, *, status: str
) -> list[dict[str, Any]]:
    """A row of every metric without a value."""
    assert context.evaluator is not None
    n, metrics = context.evaluator.n, context.evaluator.metrics
    gaps = [missing(m.name, n=n, reference="", better=m.better, reason=reason) for m in metrics]
    return [metric_row(name, configured, fit, 0, m) | {"status": status} for m in gaps]


def _shown(n: int, data: Dataset) -> np.ndarray:
    """The rows of n that are kept to be looked at, of windows far apart: neighbours of real ones overlap."""
    return np.linspace(0, n - 1, min(SHOWN, n)).astype(int) if data.is_sequence else np.arange(min(SHOWN, n))


def _fit(chosen: Strategy, key: jax.Array, model: TrainedModel, encoded: Encoded | None) -> Fitted:
    """The strategy fitted to the codes; the prior needs none.

    Raises:
        CannotFit: the strategy needs codes, and there are none.
    """
    if encoded is not None:
        return chosen.fit(key, encoded.train, model=model, validation=encoded.validation)
    config = model.architecture.config
    if not isinstance(chosen, Prior):
        raise CannotFit(
            f"strategy {chosen.name!r}: needs codes, and family {config.family!r} has no encoder; draw from its prior"
        )
    return prior_of(model, config.latent_dim)


def _fit_rows(info: Any, seconds: float, encoded: Encoded | None) -> list[Measurement]:
    codes = encoded.train.n if encoded is not None else 0
    rows = [Measurement("seconds_fit", seconds, float("nan"), codes, "", "lower")]
    if encoded is not None and "validation_log_prob" in info:
        value, n = float(info["validation_log_prob"]), encoded.validation.n
        rows.append(Measurement("log_density", value, float("nan"), n, "codes of validation data", "higher"))
    return rows


def strategy_configurations(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The hyper-parameters behind each name, for keys.

    Raises:
        StudyError: an unknown name.
    """
    chosen: dict[str, Strategy | None] = {
        name: None if name in REFERENCES else strategy(name) for name in names
    }
    return {name: hyperparameters(s) if s else {} for name, s in chosen.items()}
