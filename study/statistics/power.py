"""The smallest difference that a given number of training runs can detect."""

import functools
import math

import numpy as np
from jaxtyping import Float

from study.statistics.intervals import intervals

POWER = 0.8
_SIMULATED = 2000


@functools.cache
def detectable_effect(n: int, *, power: float = POWER) -> float:
    """The true mean, in standard deviations, at which the interval of n normal values excludes zero with this `power`.

    See :cite:`cohen1988`; NaN for n below three. Shifting the values shifts the interval equally, so the result is the
    `power` quantile of minus the lower end when the true mean is zero, here over 2,000 simulated samples. For Student's
    interval, which is a little narrower, the noncentral t distribution gives 6 % less with five training runs and 4 %
    less with ten.
    """
    if n < 3:
        return math.nan
    values = np.random.default_rng(n).normal(size=(_SIMULATED, n))
    return float(np.quantile(-intervals(values).low, power))


def detectable(differences: Float[np.ndarray, " n"]) -> float:
    """The smallest true difference that is detectable given the spread of these, one per training run."""
    n = len(differences)
    return detectable_effect(n) * float(np.std(differences, ddof=1)) if n >= 3 else math.nan
