"""What the encoder's second output is: a log-variance, or a variance, a standard deviation, or the log of that one.

A posterior that was trained balances two forces. Noise of variance σ² along a dimension costs ½ a σ² nats, where a is
the decoder's sensitivity to that dimension (the squared norm of its Jacobian, over the noise variance of p(x|z)), and
the rate pays ½ log σ² and costs ½ σ²/v, with v the variance of a code. The sum is smallest where v/σ² = 1 + v a
:cite:`rolinek2019`. So (v/σ² − 1)/(v a) is one number for all examples and dimensions, in whatever unit codes are; the
unknown noise variance of p(x|z) only changes which. A wrong reading takes a power of σ for σ, and that number then
spreads as a power of the sensitivity does: by its root where a standard deviation is taken for a variance, by its whole
where a variance is taken for a standard deviation.
"""

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float
from scipy import stats

from study.errors import StudyError

Reading = Literal["log-variance", "log-sd", "variance", "sd"]
READINGS: tuple[Reading, ...] = get_args(Reading)
MEANT = {
    "log-variance": "a log-variance",
    "log-sd": "the log of a standard deviation",
    "variance": "a variance",
    "sd": "a standard deviation",
}
MEND = {
    "log-sd": "log_var = 2 * output",
    "variance": "log_var = log(output)",
    "sd": "log_var = 2 * log(output)",
}
EXAMPLES, DIMENSIONS = 64, 64  # at which the decoder's sensitivity is measured
LEAST_CORRELATION = 0.7  # between output and sensitivity, for a spread to say anything
LEAST_SPREAD = 0.2  # standard deviation of the log sensitivity: on less, noise in σ hides all readings
CLEAR = 0.7  # of the second smallest spread: what the smallest must be below
_SMALLEST = 1e-30


@dataclasses.dataclass(frozen=True)
class Read:
    """A reading and its evidence.

    Attributes:
        reading: the one with the smallest spread, or log-variance where none can be told.
        told: whether it was found, and not assumed.
        spreads: of log (v/σ² − 1)/(v a), in nats, under the readings that the range of values allows.
        low, high: smallest and largest value of the output.
        correlation: rank correlation of the output with the decoder's sensitivity; NaN if not measured.
    """

    reading: Reading
    told: bool
    spreads: Mapping[Reading, float]
    low: float
    high: float
    correlation: float


def as_log_var(second: Float[np.ndarray, "..."], reading: Reading) -> Float[np.ndarray, "..."]:
    """The log-variance under a reading.

    Raises:
        StudyError: it is read as a variance or standard deviation, and holds values of zero or below.
    """
    if reading == "log-variance":
        return second
    if reading == "log-sd":
        return 2 * second
    if second.min(initial=np.inf) <= 0:
        raise StudyError(
            f"encode: its second output has values down to {second.min():.3g}, so it is not {MEANT[reading]}; give "
            "another --reading"
        )
    return np.log(second) * (1 if reading == "variance" else 2)


def read(
    mean: Float[np.ndarray, "N d"],
    second: Float[np.ndarray, "N d"],
    decode: Callable[[np.ndarray, np.ndarray], Float[np.ndarray, "n D"]],
) -> Read:
    """Find the reading from the range of the output and from the decoder's sensitivity.

    Args:
        mean, second: the encoder's outputs for training examples.
        decode: z, and the row of the example that each z belongs to -> x.
    """
    low, high = float(second.min()), float(second.max())
    positive = low > 0
    rng = np.random.default_rng(0)
    rows = rng.choice(len(mean), min(EXAMPLES, len(mean)), replace=False)
    columns = rng.choice(mean.shape[1], min(DIMENSIONS, mean.shape[1]), replace=False)
    output = second[np.ix_(rows, columns)].astype(np.float64)
    best = max(
        (
            (_correlation(output, one), one)
            for one in sensitivities(mean[rows], columns, rows, mean.std(0), decode)
        ),
        key=lambda pair: pair[0],
    )
    correlation, log_a = best
    found: dict[Reading, float] = {}
    spread = mean.astype(np.float64).var(0)[columns]
    for reading in READINGS if positive else READINGS[:2]:
        width = _spread(as_log_var(output, reading), log_a, spread)
        if math.isfinite(width):
            found[reading] = width
    nearest = min(found, key=lambda reading: found[reading], default=READINGS[0])
    others = [width for reading, width in found.items() if reading != nearest]
    clear = bool(others) and found[nearest] < CLEAR * min(others)
    told = correlation >= LEAST_CORRELATION and clear
    return Read(nearest if told else READINGS[0], told, found, low, high, correlation)


def sensitivities(
    mean: Float[np.ndarray, "k d"],
    columns: np.ndarray,
    rows: np.ndarray,
    spread: Float[np.ndarray, " d"],
    decode: Callable[[np.ndarray, np.ndarray], Float[np.ndarray, "n D"]],
) -> list[Float[np.ndarray, "k c"]]:
    """Log of the decoder's sensitivity to each of the columns at each mean, by central differences.

    Squared norms of the Jacobian, and, if outputs lie strictly within (0, 1), also those weighted by 1 / (p(1 − p)), as
    in a Bernoulli decoder.
    """
    step = np.where(spread > 0, 0.05 * spread, 1.0).astype(np.float32)
    at = decode(mean, rows).astype(np.float64)
    plain, weighted = np.empty((2, len(mean), len(columns)))
    inside = bool(at.min() > 0 and at.max() < 1)
    weight = 1 / np.clip(at * (1 - at), 1e-4, None) if inside else np.ones_like(at)
    for k, j in enumerate(columns):
        shift = np.zeros_like(mean)
        shift[:, j] = step[j]
        slope = (decode(mean + shift, rows) - decode(mean - shift, rows)).astype(np.float64) / (2 * step[j])
        plain[:, k] = np.square(slope).sum(1)
        weighted[:, k] = (weight * np.square(slope)).sum(1)
    kinds = [plain, weighted] if inside else [plain]
    return [np.log(np.maximum(one, _SMALLEST)) for one in kinds]


def _correlation(output: np.ndarray, log_a: np.ndarray) -> float:
    """How closely smaller outputs go with more sensitivity, from −1 to 1; the same under all readings."""
    if np.ptp(output) == 0 or log_a.std() < LEAST_SPREAD:
        return 0.0
    return float(-stats.spearmanr(output.ravel(), log_a.ravel()).statistic)


def _spread(
    log_var: Float[np.ndarray, "k c"], log_a: Float[np.ndarray, "k c"], spread: Float[np.ndarray, " c"]
) -> float:
    """Robust standard deviation of log (v/σ² − 1)/(v a), v the variance of q(z) in a dimension; NaN if few points tell.

    Near σ² = v the first factor is a difference of nearly equal numbers, so points beyond 0.9 v are left out.
    """
    with np.errstate(over="ignore"):
        variance = np.maximum(spread + np.exp(log_var).mean(0), _SMALLEST)
        share = np.exp(log_var) / variance
    kept = share < 0.9
    if kept.sum() < 10 or kept.mean() < 0.5:
        return math.nan
    constant = np.log(1 / share[kept] - 1) - (log_a + np.log(variance))[kept]
    return float(stats.iqr(constant, scale="normal"))
