"""Temperature: τ times the standard deviation of a strategy's Gaussian noise, its location unchanged.

Only strategies whose draws are location + scale · ε have one. For a Gaussian it is the same as raising the density to
the power 1/τ² :cite:`kingma2018`; for those that draw from the encoder's posteriors it is the noise around each code.
Of a fitted mixture, a kernel estimate (whose width is its `bandwidth`) or a flow, it might mean several things.
"""

import dataclasses
import math
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from study.latents import Latents
from study.strategies.base import Strategy
from study.strategies.parts.settings import added, check_positive


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tempered(Strategy):
    """A strategy with a temperature; `log_prob`, where it has one, is the density at that temperature.

    Attributes:
        temperature: τ > 0; 1 leaves the strategy as it is, smaller values draw closer to its locations.
    """

    temperature: float = added(1.0)

    variants: ClassVar[tuple[Any, ...]] = (MappingProxyType({"temperature": 0.5}),)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self)

    def tempered(self, latents: Latents) -> Latents:
        """The posteriors N(mean, τ² exp log_var)."""
        if self.temperature == 1:
            return latents
        shift = np.float32(2 * math.log(self.temperature))
        return dataclasses.replace(latents, log_var=latents.log_var + shift)
