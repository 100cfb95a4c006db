"""The validation log-density that every fitted density reports."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import jax
import numpy as np

from study.latents import Latents
from study.strategies._draws import own_key

VALIDATION_CODES = 2000  # an exact mixture over all N costs N evaluations for each of them


class Scored(Protocol):
    """A frozen dataclass with a density and an `info`."""

    @property
    def info(self) -> Mapping[str, Any]: ...

    def log_prob(self, z: np.ndarray) -> np.ndarray: ...


Density = TypeVar("Density", bound=Scored)


def with_validation(key: jax.Array, fitted: Density, validation: Latents | None) -> Density:
    """The fitted density with E log p(z) in nats, z ~ q(z) of at most 2000 validation codes, in its `info`.

    One key gives one z for every strategy, also where the strategy was fitted on means, so scores compare.
    """
    if validation is None:
        return fitted
    z = validation.sample(own_key(key))[:VALIDATION_CODES]
    score = {"validation_log_prob": float(np.mean(fitted.log_prob(z))), "validation_codes": len(z)}
    return dataclasses.replace(fitted, info={**fitted.info, **score})  # type: ignore[type-var]
