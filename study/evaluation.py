"""Everything measured on one trained model: plain tables from plain arrays."""

import dataclasses
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import jax
import numpy as np
import pandas as pd

from study.config import LikelihoodConfig
from study.data.base import Dataset
from study.errors import StudyError
from study.latents import Latents, Surgery, dimension_table, surgery
from study.latents.by_class import ByClass, by_class
from study.latents.surgery import Estimate, mean_estimate
from study.latents.two_sample import TwoSample, two_sample
from study.metrics.base import Measurement, missing
from study.metrics.evaluate import Evaluator
from study.metrics.likelihood import HELD_OUT, likelihood_rows
from study.models.likelihoods import Likelihood, noise_variance
from study.models.priors.lars import FINAL_DRAWS
from study.quality import quality_along_density
from study.strategies import REFERENCES, REGISTRY, TrainedStrategy, hyperparameters, strategy
from study.strategies.base import Fitted, Strategy, with_labels
from study.strategies.prior import Prior, prior_of
from study.training.model import TrainedModel
from study.training.prior import LearnedPrior

SHOWN = 10  # draws per strategy kept for the sample grids
NEAREST = 5  # of these, how many beside their nearest training examples
CODES = 2000  # posteriors kept for the two-dimensional map
ASKED, NOISE = 7, 8  # folded into a draw key for classes asked for, and noise of x; strategies fold in others
MODEL = "model"  # the "strategy" of rows that belong to the model itself

Decode = Literal["mean", "sample", "unclipped"]
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
    rows: list[dict[str, Any]] = []
    latents = pd.DataFrame()
    samples: dict[str, np.ndarray] = {}
    draws_of: dict[str, np.ndarray] = {}
    if encoded is not None:
        rows += _latent_rows(key, model, encoded, data, draws=density_draws)
        latents = dimension_table(dimension_key, encoded.train, draws=density_draws, prior=model.prior)
    if likelihood is not None:
        bounds = likelihood_rows(jax.random.fold_in(surgery_key, 4), model, data.held_out, likelihood)
        rows += [_row(MODEL, "{}", 0, 0, m) for m in bounds]
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


def _latent_rows(
    key: jax.Array, model: TrainedModel, encoded: Encoded, data: Dataset, *, draws: int
) -> list[dict[str, Any]]:
    """What is known of q(z) and the prior, and D of held-out data, with the key of `evaluate_model`."""
    surgery_key, _, _, _, recon_key = jax.random.split(key, 5)
    distance_key, class_key = (jax.random.fold_in(surgery_key, i) for i in (1, 3))
    prior = model.prior
    apart = surgery(surgery_key, encoded.train, encoded.held_out, draws=draws, prior=prior)
    rows = _model_rows(apart, distortion(recon_key, model, encoded.held_out, data.held_out))
    rows += _distance_rows(two_sample(distance_key, encoded.train, draws=draws, prior=prior))
    rows += _prior_rows(prior)
    rows += _noise_rows(model)
    if model.conditional:
        rows += _class_rows(by_class(class_key, encoded.train, draws=draws, prior=prior))
    return rows


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


def in_range(x: np.ndarray, data: Dataset, decode: Decode = "mean") -> np.ndarray:
    """Pictures `[n, D]` clipped to the training range, as any file format would, unless told not to; others as is."""
    clips = data.is_image and decode != "unclipped"
    return np.clip(x, data.train.min(), data.train.max()) if clips else x


def to_uint8(x: np.ndarray, data: Dataset) -> np.ndarray:
    """Samples `[k, D]` as pictures `[k, *shape]`, the training range mapped to 0..255 and clipped to it."""
    low, high = float(data.train.min()), float(data.train.max())
    scaled = np.clip((x - low) / (high - low or 1.0), 0, 1)
    return np.rint(255 * np.nan_to_num(scaled)).astype(np.uint8).reshape(-1, *data.shape)


def in_units(x: np.ndarray, data: Dataset) -> np.ndarray:
    """Samples `[k, D]` as examples `[k, *shape]` float32 in the user's own units, where there is a way back to them."""
    back = x if data.inverse is None else data.inverse(x)
    return back.astype(np.float32).reshape(-1, *data.shape)


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
    row = lambda draw, m: _row(name, configured, fit, draw, m)  # noqa: E731
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


@dataclasses.dataclass(frozen=True)
class Drawing:
    """A model whose `decode` draws x ~ p(x|z) with one key, in place of the mean."""

    model: TrainedModel
    key: jax.Array

    @property
    def conditional(self) -> bool:
        """As of the model."""
        return self.model.conditional

    def encode(self, x: np.ndarray, labels: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """As of the model."""
        return self.model.encode(x, labels)

    def decode(self, z: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """x ~ p(x|z): `[n, d]` -> `[n, D]`."""
        return self.model.sample(self.key, z, labels=labels)


def decoder(key: jax.Array, model: TrainedModel, decode: Decode) -> TrainedModel | Drawing:
    """The model as it is, or with draws of x for means; the noise of a draw key is the same for all strategies."""
    return Drawing(model, jax.random.fold_in(key, NOISE)) if decode == "sample" else model


def generate(
    key: jax.Array, fitted: Fitted, *, model: TrainedModel | Drawing, data: Dataset, n: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """n samples `[n, D]` of a fitted strategy, and the classes `[n]` that were asked for, None where none were.

    A conditional model is asked for classes as frequent as in the training data, the same ones for all strategies.
    A model that is not decodes z of whatever class a conditional strategy picks.
    """
    if model.conditional:
        asked = asked_labels(key, data, n=n)
        return model.decode(fitted.sample(key, n=n, labels=asked), asked), asked
    picks = getattr(fitted, "asked", None)
    return model.decode(fitted.sample(key, n=n)), picks(key, n=n) if picks else None


def asked_labels(key: jax.Array, data: Dataset, *, n: int) -> np.ndarray:
    """Labels `[n]` of training examples, picked uniformly by a generator of their own."""
    assert data.train_labels is not None  # no conditional model is trained without
    index = jax.random.randint(jax.random.fold_in(key, ASKED), (n,), 0, len(data.train_labels))
    return data.train_labels[np.asarray(index)]


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


def _model_rows(apart: Surgery, distortion: Estimate) -> list[dict[str, Any]]:
    estimates = {field.name: getattr(apart, field.name) for field in dataclasses.fields(apart)}
    rows = []
    identified = Estimate(float(apart.identified), 0.0, apart.mi_lower.n)
    for metric, estimate in {**estimates, "identified": identified, "distortion": distortion}.items():
        reference = HELD_OUT if metric == "distortion" else "prior"
        reason = "the prior's marginals are not tractable" if np.isnan(estimate.value) else ""
        m = Measurement(metric, estimate.value, estimate.stderr, estimate.n, reference, "none", reason)
        rows.append(_row(MODEL, "{}", 0, 0, m))
    return rows


def _distance_rows(found: Mapping[str, TwoSample]) -> list[dict[str, Any]]:
    """Each distance between q(z) and the prior, and under `<metric>_null_high` what the prior scores itself."""
    rows = []
    for metric, one in found.items():
        n, null = (
            one.estimate.n,
            f"prior; two sets of its draws score below {one.null_high:.3g} in 95 % of cases",
        )
        measurements = [
            Measurement(metric, one.estimate.value, one.estimate.stderr, n, null, "none"),
            Measurement(f"{metric}_null_high", one.null_high, float("nan"), n, "prior", "none"),
        ]
        rows += [_row(MODEL, "{}", 0, 0, m) for m in measurements]
    return rows


def _prior_rows(prior: LearnedPrior | None) -> list[dict[str, Any]]:
    """The normaliser of a prior that has one: the share of proposals that it accepts."""
    if prior is None or "normaliser" not in prior.info:
        return []
    value, stderr = (float(prior.info[name]) for name in ("normaliser", "normaliser_stderr"))
    return [_row(MODEL, "{}", 0, 0, Measurement("normaliser", value, stderr, FINAL_DRAWS, "prior", "none"))]


def _noise_rows(model: TrainedModel) -> list[dict[str, Any]]:
    """The variance of a Gaussian decoder where it is learned; elsewhere it is β/(2α), which the tables have."""
    if model.architecture.likelihood != "gaussian":
        return []
    own = model.noise_variance
    if np.isclose(own, noise_variance(model.alpha, model.beta), rtol=1e-5, atol=0):
        return []
    return [
        _row(
            MODEL, "{}", 0, 0, Measurement("decoder_variance", own, 0.0, model.architecture.size, "", "none")
        )
    ]


def _class_rows(found: ByClass) -> list[dict[str, Any]]:
    """What is known of q(z|y), for a model whose decoder sees y."""
    rows = []
    for metric, estimate in ((f.name, getattr(found, f.name)) for f in dataclasses.fields(found)):
        reference = "q(z)" if metric == "label_information" else "prior"
        m = Measurement(metric, estimate.value, estimate.stderr, estimate.n, reference, "none")
        rows.append(_row(MODEL, "{}", 0, 0, m))
    return rows


def _row(name: str, configured: str, fit: int, draw: int, m: Measurement) -> dict[str, Any]:
    split = "train" if name == MODEL and m.reference != HELD_OUT else "test"
    return {
        "strategy": name,
        "strategy_config": configured,
        "fit": fit,
        "draw": draw,
        "split": split,
        **{field.name: getattr(m, field.name) for field in dataclasses.fields(m)},
        "status": m.status,
    }


def strategy_configurations(names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The hyper-parameters behind each name, for keys.

    Raises:
        StudyError: an unknown name.
    """
    chosen: dict[str, Strategy | None] = {
        name: None if name in REFERENCES else strategy(name) for name in names
    }
    return {name: hyperparameters(s) if s else {} for name, s in chosen.items()}
