"""Are samples nearer to the training data than to data that the model never saw?"""

import numpy as np
from jaxtyping import Float
from scipy.special import betaincinv

from study.errors import StudyError
from study.metrics.base import Metric, Prepared, Score
from study.metrics.reference import Reference


def nearer_to_train(
    train: Float[np.ndarray, " n"], held_out: Float[np.ndarray, " n"], *, sizes: tuple[int, int]
) -> Score:
    """Share of samples nearer to training than to held-out data, weighted as if both had one size; ties count a half.

    If samples are as related to the N training examples as to the m held-out ones, a share N/(N + m) of them is nearer
    to a training example. So each sample nearer to held-out data is counted N/m times: with s the plain share, the
    value is s / (s + (1 - s) N/m), on average ½ for such samples wherever they lie, and 1 for copies. Training data cut
    to m examples would have the same null but would hide copies: the original of a copy, one of 60,000 examples, is
    among a random 4,000 of them one time in fifteen. The two distances are those of :cite:`meehan2020`.

    The standard error is binomial, by the delta method, and `exact_interval` gives the interval, both for the given
    data. For given data the value of infinitely many unrelated samples is not exactly ½, so judge a strategy by its
    difference from held-out data. Samples far from all data have few distinct neighbours; for them the value says
    nothing about copying.

    Args:
        train, held_out: distance of each sample to its nearest training and held-out example, squared or not.
        sizes: the numbers of training and of held-out examples.
    """
    n, ratio = len(train), sizes[0] / sizes[1]
    plain = (np.count_nonzero(train < held_out) + 0.5 * np.count_nonzero(train == held_out)) / n
    slope = ratio / (plain + (1 - plain) * ratio) ** 2
    stderr = slope * np.sqrt(plain * (1 - plain) / n)
    return Score(_weighted(plain, ratio), stderr)


def exact_interval(
    value: float, *, n: int, sizes: tuple[int, int] = (1, 1), level: float = 0.95
) -> tuple[float, float]:
    """Clopper-Pearson interval :cite:`clopper1934` of a share of n trials, weighted as in `nearer_to_train`.

    With `sizes` (1, 1) it is the interval of a plain share. A half count, from ties, widens the interval: it is rounded
    down for the lower end and up for the upper.

    Raises:
        StudyError: value is not in [0, 1], level not in (0, 1), or a count not positive.
    """
    if not (0 <= value <= 1 and 0 < level < 1 and min(n, *sizes) > 0):
        raise StudyError(
            f"exact_interval: needs value in [0, 1], level in (0, 1), n and sizes > 0, got {value}, {level}, {n}, "
            f"{sizes}"
        )
    ratio = sizes[0] / sizes[1]
    count = np.round(2 * _weighted(value, 1 / ratio) * n) / 2  # undo the rounding of the division
    below, above, tail = np.floor(count), np.ceil(count), (1 - level) / 2
    low = 0.0 if below == 0 else float(betaincinv(below, n - below + 1, tail))
    high = 1.0 if above == n else float(betaincinv(above + 1, n - above, 1 - tail))
    return _weighted(low, ratio), _weighted(high, ratio)


def _weighted(share: float, ratio: float) -> float:
    """The share if failures count `ratio` times; with 1 / ratio, the inverse."""
    return share / (share + (1 - share) * ratio)


def _prepare(real: Reference) -> Prepared:
    return Prepared(
        f"{real.sizes[0]} of train vs {real.sizes[1]} held out, weighted, {real.values}, null 0.5",
        lambda samples: nearer_to_train(*samples.distances, sizes=real.sizes),
    )


def _prepare_features(real: Reference) -> Prepared:
    return Prepared(
        f"{real.sizes[0]} of train vs {real.sizes[1]} held out, weighted, {real.view}, null 0.5",
        lambda samples: nearer_to_train(*samples.distances_features, sizes=real.sizes),
    )


NEARER_TO_TRAIN = Metric(
    "nearer_to_train",
    label="nearer to train",
    summary=("share of samples nearer to training than to held-out data, weighted to equal size; null 0.5"),
    source="Meehan et al. 2020",
    better="lower",
    meaning=(
        "share of samples nearer to training data than to held-out data, weighted as if both had the same"
        " size; ½ if nothing is copied, 1 for copies; values below ½ are not better"
    ),
    unit="share",
    group="novelty",
    prepare=_prepare,
    once=True,
)
NEARER_TO_TRAIN_FEATURES = Metric(
    "nearer_to_train_features",
    label="nearer to train (features)",
    summary="share of samples nearer to training than to held-out data in features; null 0.5",
    source="Meehan et al. 2020",
    better="lower",
    meaning=(
        "share of samples nearer to training data than to held-out data, in features; the extractor knows the "
        "training data, so real data may differ from ½"
    ),
    unit="share",
    group="novelty",
    prepare=_prepare_features,
    once=True,
)
