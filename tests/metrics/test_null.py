"""Every sample metric on two draws from one distribution: does its interval have the nominal coverage?"""

import numpy as np
import pytest

from study.data.base import Dataset
from study.metrics.evaluate import Evaluator
from study.metrics.features import train_extractor

Z = 1.959964
REPETITIONS = 200
SIDE, CLASSES, N = 5, 3, 200
BOTH_SIDES = {"kid": 0, "kid_pixels": 0, "fd_infinity": 0, "vendi": 1, "sliced_w2": 0, "c2st": 0.5, "c_t": 0}


def drawn(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures `[n, 25]` of three overlapping classes, and their classes."""
    labels = rng.integers(0, CLASSES, n)
    centres = np.random.default_rng(7).normal(size=(CLASSES, SIDE * SIDE))
    return (centres[labels] + rng.normal(size=(n, SIDE * SIDE))).astype(np.float32), labels


def blobs(rng: np.random.Generator) -> Dataset:
    (train, seen), (validation, checked), (test, unseen) = (drawn(rng, n) for n in (600, 100, 2 * N))
    return Dataset(
        "blobs",
        train,
        validation,
        test,
        shape=(SIDE, SIDE),
        train_labels=seen,
        validation_labels=checked,
        test_labels=unseen,
    )


@pytest.mark.slow
def test_intervals_cover_at_the_nominal_rate() -> None:
    """With 200 repetitions, each on new real data, coverage has an error of 1.5 points; the tolerance is three of them.

    Given the real data, the expected difference of two draws is zero, whatever the metric's null value. If the standard
    error includes the noise of both sides, the interval of one draw also covers the null value. Standard errors that
    include more than the draws (both sides, or FD's second-order jackknife term twice) make intervals of differences
    too wide.
    """
    rng = np.random.default_rng(0)
    extractor = train_extractor(blobs(rng))
    hits: dict[str, list[bool]] = {}
    for _ in range(REPETITIONS):
        evaluator = Evaluator(blobs(rng), extractor, n=N)
        first, second = ({m.metric: m for m in evaluator.measure(drawn(rng, N)[0])} for _ in range(2))
        for name, one in first.items():
            reach = Z * np.hypot(one.stderr, second[name].stderr)
            hits.setdefault(name, []).append(abs(one.value - second[name].value) <= reach)
        for name, null in BOTH_SIDES.items():
            one = first[name]
            hits.setdefault(f"{name}, null", []).append(abs(one.value - null) <= Z * one.stderr)
    rates = {name: float(np.mean(hit)) for name, hit in hits.items()}
    assert len(rates) == len(evaluator.metrics) + len(BOTH_SIDES)
    low = 0.95 - 3 * np.sqrt(0.95 * 0.05 / REPETITIONS)
    assert {name: rate for name, rate in rates.items() if rate < low} == {}
    both = {name.split(",")[0] for name in BOTH_SIDES} | {"fd", "fd_pixels", "class_histogram", "confidence"}
    exact = [rate for name, rate in rates.items() if name not in both | {"duplicates"} and "," not in name]
    assert max(exact) < 1 and np.mean(exact) == pytest.approx(0.95, abs=0.015)
