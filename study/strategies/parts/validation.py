"""The validation log-density that every fitted density reports, and the choice of settings by it."""

import dataclasses
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import jax
import numpy as np
from jaxtyping import Float, Float64

from study.errors import CannotFit
from study.latents import Latents
from study.strategies.parts.draws import own_key

VALIDATION_CODES = 2000  # at most; an exact mixture costs N evaluations for each of them


@runtime_checkable
class WithInfo(Protocol):
    """A frozen dataclass with a density and an `info`."""

    @property
    def info(self) -> Mapping[str, Any]:
        """Diagnostics of the fit."""
        ...

    def log_prob(self, z: Float[np.ndarray, "n d"]) -> Float64[np.ndarray, " n"]:
        """log-density in nats."""
        ...


HasDensity = TypeVar("HasDensity", bound=WithInfo)
Candidate = TypeVar("Candidate", bound=Hashable)


def with_validation(key: jax.Array, fitted: Any, validation: Latents | None) -> Any:
    """The fitted strategy with E log p(z) in nats in its `info`, over z ~ q(z) of at most 2000 validation codes.

    One key gives the same z for every strategy, including those fitted on means, so that scores are comparable. A
    strategy that has no density, or already has its score, is returned unchanged.
    """
    if validation is None or not hasattr(fitted, "log_prob") or "validation_log_prob" in fitted.info:
        return fitted
    z = validation.sample(own_key(key))[:VALIDATION_CODES]
    score = {"validation_log_prob": float(np.mean(fitted.log_prob(z))), "validation_codes": len(z)}
    return dataclasses.replace(fitted, info={**fitted.info, **score})


def choose(
    key: jax.Array,
    fit: Callable[[Candidate], HasDensity],
    candidates: Sequence[Candidate],
    validation: Latents | None,
    *,
    what: str,
    until_worse: bool = False,
) -> HasDensity:
    """The fit of the candidate with the best validation log-density; of equals, the first.

    With `until_worse` the candidates grow in cost, and those after the first that scores worse than one before it are
    not fitted.

    If there are several, `info` holds them as "candidates" and their scores as "candidate_log_probs". A candidate that
    cannot be fitted is left out, and `info["left_out"]` says which and why.

    Raises:
        CannotFit: several candidates and no validation codes, or none can be fitted.
    """
    if len(candidates) > 1 and validation is None:
        raise CannotFit(f"{what}: to choose among several, give validation codes")
    fits, failures, best = {}, {}, -np.inf
    for candidate in candidates:
        try:
            fits[candidate] = with_validation(key, fit(candidate), validation)
        except CannotFit as error:
            failures[candidate] = error
            continue
        score = fits[candidate].info.get("validation_log_prob", np.nan)
        if until_worse and score < best:
            break
        best = max(best, score)
    if not fits:
        raise next(iter(failures.values()))
    if len(candidates) == 1:
        return next(iter(fits.values()))
    scores = tuple(fitted.info["validation_log_prob"] for fitted in fits.values())
    chosen_fit = list(fits.values())[int(np.argmax(scores))]
    chosen: dict[str, Any] = {"candidates": tuple(fits), "candidate_log_probs": scores}
    if failures:
        chosen["left_out"] = tuple(f"{candidate}: {error}" for candidate, error in failures.items())
    return dataclasses.replace(chosen_fit, info={**chosen_fit.info, **chosen})
