import numpy as np
import pytest

from study.metrics.base import Score
from study.metrics.classes import class_histogram, confidence


def score(labels: np.ndarray, frequencies: np.ndarray) -> Score:
    probabilities = 0.4 * np.eye(len(frequencies))[labels] + 0.1  # a classifier that is right
    return class_histogram(probabilities, frequencies=frequencies)


def test_known_histograms() -> None:
    q = np.array([0.5, 0.25, 0.25])
    assert score(np.array([0, 0, 1, 2]), q).value == 0
    assert score(np.array([0, 0, 0, 0]), q).value == pytest.approx(0.5)
    assert score(np.array([2, 2, 2, 2]), q).value == pytest.approx(0.75)
    assert score(np.array([1, 1]), np.array([1.0, 0.0])).value == 1


def test_stderr_is_the_deviation_over_draws() -> None:
    """The standard deviation over 400 draws has an error of 3.5 %; the tolerance of 15 % is four times that."""
    rng = np.random.default_rng(0)
    q, p = np.array([0.2, 0.3, 0.5]), np.array([0.5, 0.3, 0.2])
    draws = [score(rng.choice(3, size=500, p=p), q) for _ in range(400)]
    values = [draw.value for draw in draws]
    assert np.mean(values) == pytest.approx(
        0.3, abs=0.02
    )  # above 0.3 by the middle class' |noise|, some 0.008
    assert np.mean([draw.stderr for draw in draws]) == pytest.approx(np.std(values), rel=0.15)


def test_missing_without_classifier() -> None:
    found = class_histogram(None, frequencies=None)
    assert np.isnan(found.value)
    assert "no classifier" in found.reason


def test_confidence_of_known_probabilities() -> None:
    found = confidence(np.array([[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]))
    assert found.value == pytest.approx(2.2 / 3)
    assert found.stderr == pytest.approx(np.std([0.9, 0.8, 0.5], ddof=1) / np.sqrt(3))


def test_confidence_covers_its_mean() -> None:
    """200 draws of 300: coverage has a binomial standard deviation of 1.5 %; the tolerance is three. The largest of
    two uniform shares p, 1 - p is 3/4 on average."""
    rng = np.random.default_rng(0)
    covered = []
    for p in rng.random((200, 300)):
        found = confidence(np.stack([p, 1 - p], axis=1))
        covered.append(abs(found.value - 0.75) < 1.96 * found.stderr)
    assert abs(np.mean(covered) - 0.95) <= 0.046


def test_confidence_is_missing_without_classifier() -> None:
    found = confidence(None)
    assert np.isnan(found.value)
    assert "no classifier" in found.reason
