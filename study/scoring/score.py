"""Sample one strategy on one model and score the samples: metric rows, cost, and pictures for the report."""

import json
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, Int, Integer

from study.data.base import Dataset
from study.errors import CannotFit, FileError
from study.metrics.base import Measurement, missing
from study.metrics.registry import fact
from study.runtime.compiling import compile_seconds
from study.runtime.shown import shown_text
from study.scoring.context import Context, Measured
from study.scoring.encode import Encoded
from study.scoring.fit import replicates
from study.scoring.generate import decoder, generate, in_range, in_units, to_uint8
from study.scoring.model import ScoredModel
from study.scoring.rows import metric_row
from study.strategies import REFERENCES, REGISTRY, hyperparameters, strategy
from study.strategies.base import Fitted, Strategy
from study.strategies.prior import FromPrior, prior_of
from study.training.model import TrainedModel

SHOWN = 10  # samples per strategy that are stored for the sample grids
NEAREST = 5  # how many of these are shown beside their nearest training examples

# Samples, and the classes that were requested; drawn from a key.
Drawn = tuple[Float[np.ndarray, "n D"], Integer[np.ndarray, " n"] | None]
Draw = Callable[[jax.Array], Drawn]


def score(context: Context, name: str, fit: int, *, ready: tuple[Fitted, float] | None = None) -> Measured:
    """Metric rows of one fit of a strategy or reference row over all its draws, and the first pictures.

    Samples of a strategy are scored under every evaluation. Reference rows are drawn for each, since held-out data are
    those of its own half of test. The strategy is fitted here unless `ready` holds the fit. If it cannot be fitted, or
    anything else goes wrong, the rows hold the reason; the latter is also a `failure`.
    """
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
        nearest = context.evaluators[0].nearest_train(shown[:NEAREST])
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
) -> tuple[list[dict[str, Any]], Float[np.ndarray, "k D"]]:
    """Metric rows, and the first pictures."""
    data, n = context.data, context.evaluators[0].n
    fit_key, draw_keys = replicates(context.key, fits=fit + 1, draws=context.draws)[fit]
    rows: list[dict[str, Any]] = []
    if chosen is None:
        draws = [_reference_draw(context, name, evaluator.data) for evaluator in context.evaluators]
    else:
        began = time.perf_counter()
        fitted, seconds = ready or (
            _fit(chosen, fit_key, context.model, context.encoded),
            time.perf_counter() - began,
        )
        draws = [_strategy_draw(context, fitted)]
        rows += [
            metric_row(name, configured, fit, 0, m) for m in _fit_rows(fitted.info, seconds, context.encoded)
        ]
    shown = np.empty(0)
    for i, key in enumerate(draw_keys):
        with compile_seconds() as compiling:
            began = time.perf_counter()
            samples = [_in_range(draw(key), context) for draw in draws]
            seconds = max(time.perf_counter() - began - compiling[0], 0.0) / len(draws)
        rows.append(metric_row(name, configured, fit, i, _cost("seconds_per_1000", 1000 * seconds / n, n)))
        for e, evaluator in enumerate(context.evaluators):
            x, asked = samples[e % len(samples)]
            rows += [
                metric_row(name, configured, fit, i, m, evaluation=e) for m in evaluator.measure(x, asked)
            ]
        shown = shown if i else samples[0][0][_shown(n, data)]
    return rows, shown


def _in_range(drawn: Drawn, context: Context) -> Drawn:
    """Samples as they are scored."""
    return in_range(drawn[0], context.data, context.decode), drawn[1]


def _reference_draw(context: Context, name: str, data: Dataset) -> Draw:
    """The function that draws a reference row, with the halves of test that `data` has.

    Held-out data and their reconstructions have known classes.
    """
    n, reference = context.evaluators[0].n, REFERENCES[name]
    labels = data.held_out_labels if name in ("held-out", "reconstruction") else None
    known = None if labels is None else labels[:n]
    return lambda key: (
        reference(key, data=data, model=decoder(key, context.model, context.decode), n=n),
        known,
    )


def _strategy_draw(context: Context, fitted: Fitted) -> Draw:
    data, n = context.data, context.evaluators[0].n
    return lambda key: generate(
        key, fitted, model=decoder(key, context.model, context.decode), data=data, n=n
    )


def _cost(name: str, value: float, n: int) -> Measurement:
    return Measurement(name, value, float("nan"), n, "", fact(name).better)


def _gaps(
    context: Context, name: str, configured: str, fit: int, reason: str, *, status: str
) -> list[dict[str, Any]]:
    """One row without a value for every metric."""
    n, metrics = context.evaluators[0].n, context.evaluators[0].metrics
    gaps = [missing(m.name, n=n, reference="", better=m.better, reason=reason) for m in metrics]
    return [metric_row(name, configured, fit, 0, m) | {"status": status} for m in gaps]


def _shown(n: int, data: Dataset) -> Int[np.ndarray, " k"]:
    """Which of n samples are shown; of windows, some that are far apart, since neighbouring real windows overlap."""
    return np.linspace(0, n - 1, min(SHOWN, n)).astype(int) if data.is_sequence else np.arange(min(SHOWN, n))


def _fit(chosen: Strategy, key: jax.Array, model: ScoredModel, encoded: Encoded | None) -> Fitted:
    """The strategy fitted to the codes; the prior needs none.

    Raises:
        CannotFit: the strategy needs codes, and there are none.
    """
    if encoded is not None:
        return chosen.fit(key, encoded.train, model=model, validation=encoded.validation)
    assert isinstance(model, TrainedModel)  # the only ones without an encoder
    config = model.architecture.config
    if not isinstance(chosen, FromPrior):
        raise CannotFit(
            f"strategy {chosen.name!r}: needs codes, but family {config.family!r} has no encoder; sample its prior"
        )
    return prior_of(model, config.latent_dim)


def _fit_rows(info: Any, seconds: float, encoded: Encoded | None) -> list[Measurement]:
    codes = encoded.train.n if encoded is not None else 0
    rows = [_cost("seconds_fit", seconds, codes)]
    if "components" in info:
        rows.append(_cost("components", float(info["components"]), int(info.get("codes", codes))))
    if encoded is not None and "validation_log_prob" in info:
        value, n = float(info["validation_log_prob"]), encoded.validation.n
        better = fact("log_density").better
        rows.append(Measurement("log_density", value, float("nan"), n, "codes of validation data", better))
    return rows
