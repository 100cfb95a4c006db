import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from study.data.base import Dataset
from study.errors import CannotFit, StudyError
from study.metrics import features as features_module
from study.metrics.evaluate import Evaluator, evaluate
from study.metrics.features import Extractor, pixel_extractor, train_extractor
from study.metrics.registry import metrics_for
from tests.tiers import first_of

METRICS = metrics_for(windows=False)
NAMES = [metric.name for metric in METRICS]


def values(evaluator: Evaluator, x: np.ndarray) -> dict[str, float]:
    return {m.metric: m.value for m in evaluator.measure(x)}


@pytest.mark.integration
def test_registry_names_every_metric_in_order(evaluator: Evaluator, digits: Dataset) -> None:
    rows = evaluator.measure(digits.held_out)
    assert [row.metric for row in rows] == NAMES
    assert [row.better for row in rows] == [metric.better for metric in METRICS]
    assert all(metric.summary and metric.source for metric in METRICS)
    assert all(row.status == "ok" and row.stderr > 0 and row.n == 300 for row in rows)


def test_the_reference_itself(evaluator: Evaluator, digits: Dataset) -> None:
    found = values(evaluator, digits.reference)
    assert found["fd"] == pytest.approx(0, abs=1e-5)
    assert found["kid"] < 0  # the unbiased estimate supposes two draws
    for name in ("precision", "recall", "coverage", "sharpness"):
        assert found[name] == pytest.approx(1, rel=1e-12), name
    assert found["nearer_to_train"] == 0


@pytest.mark.integration
@pytest.mark.parametrize("splits", first_of([15, 60]))
def test_held_out_sits_inside_its_null_and_noise_outside(
    evaluator: Evaluator, digits: Dataset, extractor: Extractor, splits: int
) -> None:
    """The null is random splits of the test data into reference and held-out: mean ± four standard deviations."""
    assert digits.test_labels is not None
    rng = np.random.default_rng(0)
    null = []
    pixels = pixel_extractor(digits)
    for _ in range(splits):
        order = rng.permutation(600)
        split = dataclasses.replace(digits, test=digits.test[order], test_labels=digits.test_labels[order])
        null.append(values(Evaluator(split, extractor, pixels=pixels), split.held_out))
    table = pd.DataFrame(null)
    low, high = (table.mean() + sign * 4 * table.std() for sign in (-1, 1))
    interval = dict(zip(NAMES, zip(low, high, strict=True), strict=True))
    held_out = values(evaluator, digits.held_out)
    assert [name for name in NAMES if not interval[name][0] <= held_out[name] <= interval[name][1]] == []
    noise = values(evaluator, rng.random(digits.held_out.shape))
    fidelity = [metric.name for metric in METRICS if metric.group != "novelty"]
    assert [name for name in fidelity if interval[name][0] <= noise[name] <= interval[name][1]] == []
    copies = values(evaluator, np.resize(digits.train, digits.held_out.shape))
    assert copies["nearer_to_train"] > interval["nearer_to_train"][1]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e30])
def test_not_finite_is_missing_with_a_reason(evaluator: Evaluator, digits: Dataset, bad: float) -> None:
    x = digits.held_out.copy()
    x[[3, 5], 7] = bad
    rows = evaluator.measure(x)
    assert [row.metric for row in rows] == NAMES
    assert all(row.status == "missing" and np.isnan(row.value) for row in rows)
    assert rows[0].reason == "2 of 300 samples hold values that are not finite or exceed 1e+12"


@pytest.mark.parametrize("scale", [0.0, 1e12])
def test_collapsed_and_huge_samples_still_score(evaluator: Evaluator, digits: Dataset, scale: float) -> None:
    rows = evaluator.measure(np.full_like(digits.held_out, scale))
    assert all(row.status == "ok" and np.isfinite([row.value, row.stderr]).all() for row in rows)


def test_data_without_labels_or_images(unlabelled: Dataset) -> None:
    rows = {
        m.metric: m for m in Evaluator(unlabelled, train_extractor(unlabelled)).measure(unlabelled.held_out)
    }
    missing = {name: row.reason for name, row in rows.items() if row.status == "missing"}
    assert set(missing) == {"class_histogram", "confidence"} and "sharpness" not in rows
    assert "no labels" in missing["class_histogram"]
    assert "pca" in rows["fd"].reference


@pytest.mark.usefixtures("unchecked")
def test_n_is_checked(digits: Dataset, extractor: Extractor, evaluator: Evaluator) -> None:
    for n in (5, 301):
        with pytest.raises(StudyError, match=rf"n must lie in 6\.\.300 .*got {n}"):
            Evaluator(digits, extractor, n=n)
    several: tuple[Any, ...] = ("6", 6.5, True)
    for wrong in several:
        with pytest.raises(StudyError, match=r"^metrics: n: give a whole number, got"):
            Evaluator(digits, extractor, n=wrong)
    with pytest.raises(StudyError, match=r"samples must be \[300, 64\], got \[299, 64\]"):
        evaluator.measure(digits.held_out[:299])
    small = dataclasses.replace(digits, test=digits.test[:10], test_labels=None)
    with pytest.raises(
        CannotFit, match="need 6 examples in the reference half of test, it has 5; give a larger"
    ):
        Evaluator(small, extractor)
    few = Evaluator(digits, extractor, n=6).measure(digits.train[:6])
    assert [row.metric for row in few if not np.isfinite(row.value)] == ["fd_infinity"]
    assert {row.reason for row in few} - {""} == {
        "the line in 1/n needs at least 66 samples for 32 features, got 6"
    }


def test_novelty_pools_do_not_depend_on_n(
    digits: Dataset, extractor: Extractor, evaluator: Evaluator
) -> None:
    small, whole = (
        {m.metric: m for m in scores.measure(digits.held_out[: scores.n])}
        for scores in (Evaluator(digits, extractor, n=50), evaluator)
    )
    pools = {"1047 of train vs 300 held out, weighted, pixels, null 0.5"}
    assert {rows["nearer_to_train"].reference for rows in (small, whole)} == pools
    assert digits.train_labels is not None
    few = dataclasses.replace(digits, train=digits.train[:100], train_labels=digits.train_labels[:100])
    found = Evaluator(few, extractor).measure(digits.held_out)
    assert {m.metric: m for m in found}["authenticity"].reference == "100 of train, pixels"


@pytest.mark.integration
def test_evaluate_is_tidy_and_trains_once(
    digits: Dataset, extractor: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = evaluate(digits.train[:400], digits, extractor=extractor)
    assert list(frame.columns) == [
        "metric", "value", "stderr", "n", "reference", "better", "status", "reason"
    ]  # fmt: skip
    assert frame["metric"].tolist() == NAMES
    assert set(frame["n"]) == {300}
    expected = Evaluator(digits, extractor).measure(digits.train[:300])
    assert frame["value"].tolist() == [m.value for m in expected]
    assert set(evaluate(digits.train[:20], digits, extractor=extractor)["n"]) == {20}

    copy = dataclasses.replace(digits)  # another object, the same content
    first = evaluate(digits.held_out, digits)
    monkeypatch.setattr(features_module, "_fit", None)  # a second training would fail
    pd.testing.assert_frame_equal(evaluate(digits.held_out, copy), first)
    with pytest.raises(StudyError, match=r"must be \[N, 64\], got \[64\]"):
        evaluate(digits.held_out[0], digits)
    with pytest.raises(StudyError, match="got 3"):
        evaluate(digits.held_out[:3], digits, extractor=extractor)


@pytest.mark.usefixtures("unchecked")
def test_wrong_samples_are_said_before_anything_is_trained(
    digits: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features_module, "_fit", None)  # a training would fail
    x = digits.held_out
    wrong: list[tuple[Any, str]] = [
        ("text", "give an array of numbers, got 'text'"),
        (x.astype(str), "give an array of numbers, got array"),
        (None, "give an array of numbers, got None"),
        ([[1.0], [1.0, 2.0]], "give an array of numbers, got"),
        (x * 1j, "give an array of numbers, got array"),
        (x[:, :63], r"must be \[N, 64\], got \[300, 63\]"),
        (x.reshape(-1, 8, 8), r"must be \[N, 64\], got \[300, 8, 8\]"),
        (x[:0], "needs 6 samples or more, got 0"),
        (x[:5], "needs 6 samples or more, got 5"),
        (np.zeros((0, 0)), r"must be \[N, 64\], got \[0, 0\]"),
    ]
    for given, told in wrong:
        with pytest.raises(StudyError, match=rf"^evaluate: [^\n]*{told}[^\n]*$"):
            evaluate(given, digits)
    others: tuple[Any, ...] = ("digits", None, x)
    none: Any = "none"
    for data in others:
        with pytest.raises(StudyError, match=r"^evaluate: extractor must be a FeatureExtractor, got [^\n]*$"):
            evaluate(x, digits, extractor=data if data is not None else none)
        with pytest.raises(StudyError, match=r"^evaluate: data must be a Dataset, [^\n]*$"):
            evaluate(x, data)


def test_samples_of_lists_and_of_not_a_number_are_taken(digits: Dataset, extractor: Extractor) -> None:
    lists = evaluate(digits.held_out[:6].tolist(), digits, extractor=extractor)
    pd.testing.assert_frame_equal(lists, evaluate(digits.held_out[:6], digits, extractor=extractor))
    rows = evaluate(np.full_like(digits.held_out, np.nan), digits, extractor=extractor)
    assert set(rows["status"]) == {"missing"}
    assert rows["reason"].str.contains("not finite").all()


def test_compiled_once(evaluator: Evaluator, digits: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluator.measure(digits.held_out)
    monkeypatch.setattr(features_module, "Classifier", None)  # a second tracing would fail
    evaluator.measure(digits.held_out)
