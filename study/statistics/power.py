"""What a number of trainings can see at all."""

import functools
import math

import numpy as np

from study.statistics.intervals import intervals

POWER = 0.8
_SIMULATED = 2000


@functools.cache
def detectable_effect(n: int, *, power: float = POWER) -> float:
    """The smallest true mean, in standard deviations, at which the interval of n normal values excludes zero.

    That is, with a probability of `power` :cite:`cohen1988`; NaN below three. The interval moves along with its
    values, so it is the quantile of how far its lower end stays below a true mean of zero, here over 2,000
    simulated samples. The noncentral t distribution gives 6 % less with five trainings, 4 % with ten: that is what
    Student's interval would see, and this one is a little wider.
    """
    if n < 3:
        return math.nan
    values = np.random.default_rng(n).normal(size=(_SIMULATED, n))
    return float(np.quantile(-intervals(values).low, power))


def detectable(differences: np.ndarray) -> float:
    """The smallest true difference that differences like these, `[n]`, one per training, would show."""
    n = len(differences)
    return detectable_effect(n) * float(np.std(differences, ddof=1)) if n >= 3 else math.nan
