"""How much nearer is the nearest training example than the nearest held-out one?"""

import numpy as np

from study.metrics.base import Measurement
from study.metrics.registry import measured, unavailable

_Z = 1.959963984540054  # the normal distribution's 97.5 % quantile
_STEEPEST = np.arctan(1e6)


def nn_ratio(name: str, train: np.ndarray, held_out: np.ndarray, *, reference: str) -> Measurement:
    """Median over samples of (distance to the nearest training example) / (distance to the nearest held-out one).

    All training examples count, since a copy of one that was left out would not show. There are more of them, so
    real data score below one, the less the fewer dimensions data have; their value is the null. A sample far from
    all data has a ratio near one. The standard error is half the width of the distribution-free interval of the
    median :cite:`woodruff1952`, over 1.96, for the given pools.

    Args:
        name: the metric, since pixels and features have one each.
        train, held_out: **squared** distance of each sample to the nearest of the pool, `[n]` each.
        reference: what the samples were compared with.

    Returns:
        The measurement; without a value where half of the samples equal held-out data.
    """
    n = len(train)
    total = train + held_out
    # The angle of the two distances has the order of their ratio, is finite, and is 45° where both are zero.
    angles = np.sort(np.arctan2(np.sqrt(train), np.sqrt(held_out)) + np.pi / 4 * (total == 0))
    middle, reach = (n - 1) / 2, _Z * np.sqrt(n) / 2
    ranks = np.clip([middle, middle - reach, middle + reach], 0, n - 1)
    value, low, high = np.interp(ranks, np.arange(n), angles)
    if value > _STEEPEST:
        reason = "half of the samples equal held-out examples"
        return unavailable(name, n=n, reference=reference, reason=reason)
    value, low, high = np.tan(np.minimum([value, low, high], _STEEPEST))
    return measured(name, value, (high - low) / (2 * _Z), n=n, reference=reference)
