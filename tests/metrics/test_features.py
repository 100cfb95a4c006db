import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from study.data.base import Dataset
from study.errors import CannotFit, StudyError
from study.metrics.evaluate import Evaluator
from study.metrics.features import Extractor, ExtractorConfig, _near_chance, pixel_extractor, train_extractor

QUICK = ExtractorConfig(hidden=16, dimensions=8, steps=30)


def test_classifier_is_accurate_and_alive(digits: Dataset, extractor: Extractor) -> None:
    assert extractor.name == "classifier"
    assert extractor.accuracy >= 0.96
    predicted = extractor.probabilities(digits.test).argmax(axis=1)
    assert extractor.accuracy == pytest.approx((predicted == digits.test_labels).mean())
    features = extractor.features(digits.train)
    assert features.shape == (len(digits.train), 32)
    assert features.dtype == np.float32
    variance = features.var(axis=0)
    assert variance.min() > 0.01  # no dead unit
    assert variance.mean() == pytest.approx(1, rel=1e-4)


def test_forward_is_the_network_in_numpy(digits: Dataset, extractor: Extractor) -> None:
    def gelu(x: np.ndarray) -> np.ndarray:
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

    a = {name: array.astype(np.float64) for name, array in extractor.arrays.items()}
    x = digits.test[:300]
    hidden = gelu((x - a["shift"]) / a["spread"] @ a["hidden.kernel"] + a["hidden.bias"])
    feature = gelu(hidden @ a["feature.kernel"] + a["feature.bias"])
    logits = feature @ a["head.kernel"] + a["head.bias"]
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    # float32 rounding of sums of 256 terms of size up to about ten
    np.testing.assert_allclose(extractor.features(x), feature * a["scale"], rtol=1e-4, atol=1e-4)
    expected = odds / odds.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(extractor.probabilities(x), expected, atol=1e-4)


@pytest.mark.parametrize("n", [0, 1, 255, 256, 257, 513])
def test_blocks_leave_no_seam(digits: Dataset, extractor: Extractor, n: int) -> None:
    whole = extractor.features(digits.train)
    np.testing.assert_allclose(extractor.features(digits.train[:n]), whole[:n], rtol=1e-5, atol=1e-5)


@pytest.mark.integration
def test_training_depends_on_data_and_configuration_alone(digits: Dataset) -> None:
    first, again = train_extractor(digits, QUICK), train_extractor(digits, QUICK)
    assert first.digest == again.digest
    assert train_extractor(digits, dataclasses.replace(QUICK, seed=1)).digest != first.digest
    # test is only scored
    other = dataclasses.replace(digits, test=1 - digits.test)
    assert train_extractor(other, QUICK).digest == first.digest


@pytest.mark.parametrize("name", ["digits", "unlabelled"])
def test_arrays_make_it_again(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    data = request.getfixturevalue(name)
    made = train_extractor(data, QUICK)
    np.savez(tmp_path / "extractor.npz", allow_pickle=False, **made.to_arrays())
    with np.load(tmp_path / "extractor.npz", allow_pickle=False) as file:
        again = Extractor.from_arrays(file)
    assert (again.name, again.config, again.digest) == (made.name, made.config, made.digest)
    np.testing.assert_equal(again.accuracy, made.accuracy)
    np.testing.assert_array_equal(again.features(data.test), made.features(data.test))


def test_pca_without_labels(unlabelled: Dataset) -> None:
    made = train_extractor(unlabelled)
    assert made.name == "pca"
    assert math.isnan(made.accuracy)
    expected = PCA(32, svd_solver="full").fit(unlabelled.train.astype(np.float64))
    projected = expected.transform(unlabelled.test.astype(np.float64))
    projected /= math.sqrt(expected.transform(unlabelled.train.astype(np.float64)).var(axis=0).mean())
    np.testing.assert_allclose(made.features(unlabelled.test), projected, atol=1e-3)
    with pytest.raises(CannotFit, match="no class probabilities"):
        made.probabilities(unlabelled.test)


def test_few_dimensions_and_constant_data() -> None:
    x = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    narrow = Dataset("narrow", x, x[:5], x[:20], (3,))
    assert train_extractor(narrow).features(x).shape == (40, 3)
    flat = Dataset("flat", np.ones_like(x), x[:5], x[:20], (3,))
    assert np.isfinite(train_extractor(flat).features(x)).all()


def test_one_class_is_no_classifier(digits: Dataset) -> None:
    labels = np.zeros_like(digits.train_labels)
    assert train_extractor(dataclasses.replace(digits, train_labels=labels), QUICK).name == "pca"


def test_errors(extractor: Extractor) -> None:
    with pytest.raises(StudyError, match=r"dimensions must lie in 1\.\.64, got 65"):
        ExtractorConfig(dimensions=65)
    with pytest.raises(StudyError, match="steps must be positive, got 0"):
        ExtractorConfig(steps=0)
    with pytest.raises(StudyError, match=r"x must be \[n, 64\], got \[2, 3\]"):
        extractor.features(np.zeros((2, 3), np.float32))
    with pytest.raises(StudyError, match="not the arrays of an extractor"):
        Extractor.from_arrays({"shift": np.zeros(3)})


@pytest.mark.integration
def test_labels_that_cannot_be_learned_give_pca(digits: Dataset) -> None:
    """Labels in random order: the classifier knows the training data by heart, and nothing about others."""
    rng = np.random.default_rng(0)
    parts = ("train_labels", "validation_labels", "test_labels")
    labels: dict[str, Any] = {part: rng.permutation(getattr(digits, part)) for part in parts}
    shuffled = dataclasses.replace(digits, **labels)
    found = train_extractor(shuffled, dataclasses.replace(QUICK, steps=300))
    assert found.name == "pca" and math.isnan(found.accuracy)
    assert found.reason.startswith("its classifier is near chance: ")
    np.testing.assert_array_equal(
        found.features(digits.test), pixel_extractor(digits, found.config).features(digits.test)
    )
    assert Extractor.from_arrays(found.to_arrays()).reason == found.reason
    with pytest.raises(CannotFit, match="no class probabilities, since its classifier is near chance"):
        found.probabilities(digits.test)
    (fd,) = [row for row in Evaluator(shuffled, found).measure(digits.held_out) if row.metric == "fd"]
    assert "pca features (its classifier is near chance" in fd.reference


def test_labels_of_which_a_third_are_wrong_keep_the_classifier(digits: Dataset, extractor: Extractor) -> None:
    assert extractor.reason == ""
    rng = np.random.default_rng(0)

    def noisy(labels: np.ndarray | None) -> np.ndarray:
        assert labels is not None
        return np.where(rng.random(len(labels)) < 1 / 3, rng.integers(0, 10, len(labels)), labels)

    data = dataclasses.replace(
        digits,
        train_labels=noisy(digits.train_labels),
        validation_labels=noisy(digits.validation_labels),
        test_labels=noisy(digits.test_labels),
    )
    found = train_extractor(data, dataclasses.replace(QUICK, steps=300))
    assert found.name == "classifier" and found.accuracy > 0.3


@pytest.mark.parametrize(("accuracy", "told"), [(0.10, True), (0.14, True), (0.15, False), (0.9, False)])
def test_the_bound_is_binomial(accuracy: float, told: bool) -> None:
    """600 labels of ten equal classes: 84 right have a probability of 0.001 under chance."""
    assert bool(_near_chance(accuracy, np.repeat(np.arange(10), 60))) == told
    assert not _near_chance(accuracy, np.repeat(np.arange(2), 4))  # 8 right of 8 happen once in 256 times
