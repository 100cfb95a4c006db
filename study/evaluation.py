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
from study.drawing import decoder, generate, in_range, in_units, to_uint8
from study.errors import StudyError
from study.latents import Latents, dimension_table, surgery
from study.latents.by_class import by_class
from study.latents.surgery import Estimate, mean_estimate
from study.latents.two_sample import two_sample
from study.metrics.base import Measurement, missing
from study.metrics.evaluate import Evaluator
from study.metrics.likelihood import likelihood_rows
from study.models.likelihoods import Likelihood
from study.quality import quality_along_density
from study.rows import (
    MODEL,
    class_measurements,
    distance_measurements,
    metric_row,
    noise_measurements,
    prior_measurements,
    surgery_measurements,
)
from study.strategies import REFERENCES, REGISTRY, TrainedStrategy, hyperparameters, strategy
from study.strategies.base import Fitted, Strategy, with_labels
from study.strategies.prior import Prior, prior_of
from study.training.model import TrainedModel

SHOWN = 10  # draws per strategy kept for the sample grids
NEAREST = 5  # of these, how many beside their nearest training examples
CODES = 2000  # posteriors kept for the two-dimensional map

Fits = Mapping[tuple[str, int], tuple[Fitted, float]]  # by strategy and fit: what was fitted, and its seconds


@dataclasses.dataclass(frozen=True, eq=False)
class Encoded:
    """The posteriors of each part of a data set; `held_out` pairs with `Dataset.held_out`."""

    train: Latents
    validation: Latents
    held_out: Latents


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """What one model scored: metric rows and latent rows without `run_id`, pictures for the report, and single draws.

    `draws` is what `quality_along_density` gives.
    """

    metrics: pd.DataFrame
    latents: pd.DataFrame
    samples: dict[str, np.ndarray]
    draws: dict[str, np.ndarray]


def encode_splits(model: TrainedModel, data: Dataset) -> Encoded:
    """Encode every part of a data set that strategies or measurements may see.

    Raises:
        StudyError: the encoder gives values that are not finite.
    """
    parts = ("train", "validation", "held_out")
    return Encoded(
        **{part: encode(model, getattr(data, part), labels=getattr(data, f"{part}_labels")) for part in parts}
    )


def encode(model: Any, x: np.ndarray, *, labels: np.ndarray | None = None) -> Latents:
    """The posteriors of x `[N, D]` under a model, with labels where given.

    Raises:
        StudyError: x does not fit the model, labels are missing where it needs them, or the encoder gives values that
            are not finite.
    """
    mean, log_var = model.encode(x, *with_labels(model, labels))
    return Latents(mean, log_var, labels)


def evaluate_model(
    key: jax.Array,
    *,
    model: TrainedModel,
    encoded: Encoded | None,
    data: Dataset,
    evaluator: Evaluator | None,
    strategies: Sequence[str],
    fits: int,
    draws: int,
    density_draws: int,
    likelihood: LikelihoodConfig | None = None,
    fitted: Fits | None = None,
    decode: Decode = "mean",
) -> Evaluation:
    """Measure one model: its latents, and the samples of every strategy and reference row.

    Strategies share the draw keys of each fit, so that their differences on one model are paired. A strategy that
    cannot be used on this model (no labels, too few codes) is a set of rows with its reason. What `fit_trained`
    has fitted already, for this key, is not fitted again. A model without an encoder has no codes, `encoded` is None,
    and nothing is measured of its latents.
    """
    surgery_key, dimension_key, _, _, _ = jax.random.split(key, 5)
    own: list[Measurement] = []
    latents = pd.DataFrame()
    samples: dict[str, np.ndarray] = {}
    draws_of: dict[str, np.ndarray] = {}
    if encoded is not None:
        own += _latent_measurements(key, model, encoded, data, draws=density_draws)
        latents = dimension_table(dimension_key, encoded.train, draws=density_draws, prior=model.prior)
    if likelihood is not None:
        own += likelihood_rows(jax.random.fold_in(surgery_key, 4), model, data.held_out, likelihood)
    rows = [metric_row(MODEL, "{}", 0, 0, m) for m in own]
    for name in strategies if evaluator is not None else ():
        assert evaluator is not None
        found, shown = _score(
            name,
            _replicates(key, fits=fits, draws=draws),
            model=model,
            encoded=encoded,
            data=data,
            evaluator=evaluator,
            fitted=fitted or {},
            decode=decode,
        )
        rows += found
        if shown is not None and data.is_image:
            samples[name] = to_uint8(shown, data)
            samples[f"{name}/nearest"] = to_uint8(evaluator.nearest_train(shown[:NEAREST]), data)
        elif shown is not None and data.is_sequence:
            samples[f"{name}/windows"] = in_units(shown, data)
    if encoded is not None and encoded.train.d == 2:
        samples["codes"] = np.stack([encoded.train.mean[:CODES], encoded.train.log_var[:CODES]], axis=1)
    if encoded is not None and evaluator is not None and strategies:
        quality_key = jax.random.fold_in(surgery_key, 2)
        scored = decoder(quality_key, model, decode)
        draws_of = quality_along_density(
            quality_key,
            model=model,
            decode=lambda z, labels: in_range(scored.decode(z, *with_labels(model, labels)), data, decode),
            train=encoded.train,
            held_out=encoded.held_out,
            evaluator=evaluator,
        )
    return Evaluation(pd.DataFrame(rows), latents, samples, draws_of)


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


def is_trained(name: str) -> bool:
    """Whether `fit_trained` fits the strategy of that name."""
    return name in REGISTRY and issubclass(REGISTRY[name], TrainedStrategy)


def fit_trained(
    keys: Sequence[jax.Array], encoded: Sequence[Encoded], *, strategies: Sequence[str], fits: int
) -> list[Fits]:
    """The trained ones among the strategies, fitted to all these models at once, for `evaluate_model`.

    Keys are those that `evaluate_model` gets, so results are what it would find alone. A strategy that fails on one
    of the models is left out: `evaluate_model` then fits it model by model, and each has its own result or reason.
    """
    found: list[dict[tuple[str, int], tuple[Fitted, float]]] = [{} for _ in encoded]
    if not encoded:
        return []
    places = [(i, fit) for i in range(len(encoded)) for fit in range(fits)]
    fit_keys = [_replicates(keys[i], fits=fits, draws=1)[fit][0] for i, fit in places]
    train, validation = ([getattr(encoded[i], part) for i, _ in places] for part in ("train", "validation"))
    for name in filter(is_trained, strategies):
        chosen: Any = strategy(name)
        began = time.perf_counter()
        try:
            fitted = chosen.fit_many(fit_keys, train, validation=validation)
        except StudyError:
            continue
        seconds = (time.perf_counter() - began) / len(places)
        for (i, fit), one in zip(places, fitted, strict=True):
            found[i][name, fit] = one, seconds
    return [*found]


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


def _score(
    name: str,
    keys: Sequence[tuple[jax.Array, jax.Array]],
    *,
    model: TrainedModel,
    encoded: Encoded | None,
    data: Dataset,
    evaluator: Evaluator,
    fitted: Fits,
    decode: Decode,
) -> tuple[list[dict[str, Any]], np.ndarray | None]:
    """Metric rows of one strategy or reference row over all fits and draws, and its first pictures."""
    parts = [
        _score_fit(
            name,
            fit,
            *pair,
            model=model,
            encoded=encoded,
            data=data,
            evaluator=evaluator,
            ready=fitted.get((name, fit)),
            decode=decode,
        )
        for fit, pair in enumerate(keys)
    ]
    return [row for rows, _ in parts for row in rows], next((x for _, x in parts if x is not None), None)


def _replicates(key: jax.Array, *, fits: int, draws: int) -> list[tuple[jax.Array, jax.Array]]:
    """The fit and draw keys behind the key of `evaluate_model`."""
    _, _, fit_key, draw_key, _ = jax.random.split(key, 5)
    return replicate_keys(fit_key, draw_key, fits=fits, draws=draws)


def replicate_keys(
    fit_key: jax.Array, draw_key: jax.Array, *, fits: int, draws: int
) -> list[tuple[jax.Array, jax.Array]]:
    """Per fit its key and those of its draws `[draws]`: nested, and the first fit's do not depend on `fits`."""
    folded = [(fit_key, draw_key)]
    folded += [(jax.random.fold_in(fit_key, i), jax.random.fold_in(draw_key, i)) for i in range(1, fits)]
    return [(one, jax.random.split(other, draws)) for one, other in folded]


def _score_fit(
    name: str,
    fit: int,
    fit_key: jax.Array,
    draw_keys: jax.Array,
    *,
    model: TrainedModel,
    encoded: Encoded | None,
    data: Dataset,
    evaluator: Evaluator,
    ready: tuple[Fitted, float] | None,
    decode: Decode,
) -> tuple[list[dict[str, Any]], np.ndarray | None]:
    """Metric rows of one fit, made unless it is ready, over all its draws, and its first pictures."""
    n = evaluator.n
    rows: list[dict[str, Any]] = []
    shown = None
    chosen = strategy(name) if name in REGISTRY else None
    configured = json.dumps(hyperparameters(chosen), sort_keys=True) if chosen else "{}"
    row = lambda draw, m: metric_row(name, configured, fit, draw, m)  # noqa: E731
    try:
        began = time.perf_counter()
        if chosen is None:
            reference, known = REFERENCES[name], None
            if name in ("held-out", "reconstruction") and data.held_out_labels is not None:
                known = data.held_out_labels[:n]
            make = lambda key: (  # noqa: E731
                reference(key, data=data, model=decoder(key, model, decode), n=n),
                known,
            )
        else:
            fitted, seconds = ready or (_fit(chosen, fit_key, model, encoded), time.perf_counter() - began)
            make = lambda key: generate(  # noqa: E731
                key, fitted, model=decoder(key, model, decode), data=data, n=n
            )
            rows += [row(0, m) for m in _fit_rows(fitted.info, seconds, encoded)]
        make(draw_keys[0])  # compiles what is not compiled yet, which is no cost of drawing
        for draw, key in enumerate(draw_keys):
            began = time.perf_counter()
            x, asked = make(key)
            x = in_range(x, data, decode)
            seconds = 1000 * (time.perf_counter() - began) / n
            cost = Measurement("seconds_per_1000", seconds, float("nan"), n, "", "lower")
            rows += [row(draw, m) for m in [*evaluator.measure(x, asked), cost]]
            shown = x[_shown(n, data)] if shown is None else shown
    except StudyError as error:
        gaps = [
            missing(m.name, n=n, reference="", better=m.better, reason=str(error)) for m in evaluator.metrics
        ]
        rows = [row(0, m) for m in gaps]
    return rows, shown


def _shown(n: int, data: Dataset) -> np.ndarray:
    """The rows of n that are kept to be looked at, of windows far apart: neighbours of real ones overlap."""
    return np.linspace(0, n - 1, min(SHOWN, n)).astype(int) if data.is_sequence else np.arange(min(SHOWN, n))


def _fit(chosen: Strategy, key: jax.Array, model: TrainedModel, encoded: Encoded | None) -> Fitted:
    """The strategy fitted to the codes; the prior needs none.

    Raises:
        StudyError: the strategy needs codes, and there are none.
    """
    if encoded is not None:
        return chosen.fit(key, encoded.train, model=model, validation=encoded.validation)
    config = model.architecture.config
    if not isinstance(chosen, Prior):
        raise StudyError(
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
