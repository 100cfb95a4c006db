"""The keys of fits, and fitting trained strategies to the codes of many models at once."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import jax

from study.runtime.drawing import split
from study.scoring.encode import Encoded
from study.strategies import REGISTRY, strategy
from study.strategies.base import Fitted
from study.strategies.parts.training import TrainedStrategy

Fits = Mapping[tuple[str, int], tuple[Fitted, float]]  # by strategy and fit: the fit, and its seconds


def is_trained(name: str) -> bool:
    """Whether `fit_trained` fits the strategy with this name."""
    return name in REGISTRY and issubclass(REGISTRY[name], TrainedStrategy)


def fit_trained(
    keys: Sequence[jax.Array], encoded: Sequence[Encoded], *, strategies: Sequence[str], fits: int
) -> list[Fits]:
    """Fit those strategies that are trained to all these models at once, for `evaluate_model`.

    The keys are those of `evaluate_model`, so the results are the same as if it fitted each model alone. A strategy
    that fails on one of the models is left out; `evaluate_model` then fits it model by model, and each model has its
    own result or reason.
    """
    found: list[dict[tuple[str, int], tuple[Fitted, float]]] = [{} for _ in encoded]
    if not encoded:
        return []
    places = [(i, fit) for i in range(len(encoded)) for fit in range(fits)]
    fit_keys = [replicates(keys[i], fits=fits, draws=1)[fit][0] for i, fit in places]
    train, validation = ([getattr(encoded[i], part) for i, _ in places] for part in ("train", "validation"))
    for name in filter(is_trained, strategies):
        chosen: Any = strategy(name)
        began = time.perf_counter()
        try:
            fitted = chosen.fit_many(fit_keys, train, validation=validation)
        except Exception:  # scoring each model alone reports the error
            continue
        seconds = (time.perf_counter() - began) / len(places)
        for (i, fit), one in zip(places, fitted, strict=True):
            found[i][name, fit] = one, seconds
    return [*found]


def replicates(key: jax.Array, *, fits: int, draws: int) -> list[tuple[jax.Array, list[jax.Array]]]:
    """The keys of all fits and their draws, derived from the key of `evaluate_model`."""
    _, _, fit_key, draw_key, _ = split(key, 5)
    return replicate_keys(fit_key, draw_key, fits=fits, draws=draws)


def replicate_keys(
    fit_key: jax.Array, draw_key: jax.Array, *, fits: int, draws: int
) -> list[tuple[jax.Array, list[jax.Array]]]:
    """For each fit, its key and the keys of its draws `[draws]`; those of a fit do not depend on `fits`."""
    folded = [(fit_key, draw_key)]
    folded += [(jax.random.fold_in(fit_key, i), jax.random.fold_in(draw_key, i)) for i in range(1, fits)]
    return [(one, split(other, draws)) for one, other in folded]
