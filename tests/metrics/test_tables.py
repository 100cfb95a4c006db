"""Tabular metrics against independent implementations, under their null, and where other packages fail."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance
from sklearn.linear_model import Ridge

from study.data.base import Dataset
from study.data.own.arrays import from_arrays
from study.metrics.base import Measurement
from study.metrics.closest_record import closest_record
from study.metrics.column_tstr import PENALTY, column_errors
from study.metrics.column_w1 import column_w1
from study.metrics.columns import MOST, Columns
from study.metrics.correlation import correlation_gap
from study.metrics.evaluate import Evaluator
from study.metrics.features import train_extractor

RNG = np.random.default_rng(0)
MIX = RNG.normal(size=(6, 6))
NEW = ("column_w1", "correlation", "column_tstr", "closest_record")
Draw = Callable[[int], np.ndarray]


def rows(n: int, rng: np.random.Generator = RNG) -> np.ndarray:
    """Rows of six correlated columns, one of them of counts."""
    x = rng.normal(size=(n, 6)) @ MIX
    return np.c_[x[:, :5], np.floor(np.exp(x[:, 5] / 2))]


def table(n_train: int = 600, n_test: int = 500) -> Dataset:
    arrays = {"train": rows(n_train), "validation": rows(60), "test": rows(n_test)}
    return from_arrays(arrays, name="table", seed=0, source="made")


def in_model(data: Dataset, x: np.ndarray) -> np.ndarray:
    return data.inverse.to_model(x)  # type: ignore[union-attr]


def scores(data: Dataset, x: np.ndarray) -> dict[str, Measurement]:
    return {m.metric: m for m in Evaluator(data, train_extractor(data), n=len(x)).measure(x)}


def test_column_w1_equals_that_of_scipy():
    x, y = RNG.normal(size=(40, 3)), RNG.normal(1, 2, size=(40, 3))
    expected = [wasserstein_distance(x[:, j], y[:, j]) for j in range(3)]
    np.testing.assert_allclose(column_w1(x, np.sort(y, axis=0)), expected, rtol=1e-12)
    half = [wasserstein_distance(x[:20, j], y[:, j]) for j in range(3)]
    np.testing.assert_allclose(column_w1(x[:20], np.sort(y, axis=0)), half, rtol=1e-12)


@pytest.mark.parametrize("k", [2, 7, 300])
def test_the_correlation_gap_equals_that_of_corrcoef(k):
    x, y = RNG.normal(size=(50, k)), RNG.normal(size=(70, k)).cumsum(axis=1)
    gap = np.abs(np.corrcoef(x.T) - np.corrcoef(y.T))
    assert correlation_gap(x, y) == pytest.approx(gap[~np.eye(k, dtype=bool)].mean(), rel=1e-9)


def test_a_constant_column_has_no_correlation():
    x = RNG.normal(size=(50, 2)) @ np.array([[1.0, 1.0], [0.0, 1.0]])
    flat = np.c_[x[:, 0], np.full(50, 1e6 + 0.1)]
    assert correlation_gap(flat, x) == pytest.approx(abs(np.corrcoef(x.T)[0, 1]), rel=1e-9)


def test_regressions_of_each_column_equal_ridge_regressions():
    train, test = RNG.normal(size=(40, 5)) @ MIX[:5, :5], RNG.normal(size=(30, 5)) @ MIX[:5, :5]
    expected = []
    for j in range(5):
        others = [i for i in range(5) if i != j]
        fitted = Ridge(PENALTY).fit(train[:, others], train[:, j])
        expected.append(np.square(fitted.predict(test[:, others]) - test[:, j]).mean())
    np.testing.assert_allclose(column_errors(train, test), expected, rtol=1e-9)


def test_the_closest_record_is_a_mann_whitney_statistic():
    ours, theirs = RNG.integers(0, 9, 50).astype(float), RNG.integers(0, 12, 40).astype(float)
    pairs = stats.mannwhitneyu(ours, theirs).statistic / (
        50 * 40
    )  # the share of pairs in which ours is larger
    found = closest_record(ours, theirs)
    assert found.value == pytest.approx(1 - pairs, rel=1e-12)
    draws = [closest_record(RNG.choice(ours, 50), RNG.choice(theirs, 40)).value for _ in range(2000)]
    assert found.stderr == pytest.approx(np.std(draws), rel=0.1)  # 2,000 draws: a standard error of 1.6 %


# The other implementation of the control: the share of samples that are closer to train than to the held-out rows.
def share_closer(x: np.ndarray, train: np.ndarray, held_out: np.ndarray) -> float:
    return float((cdist(x, train).min(axis=1) < cdist(x, held_out).min(axis=1)).mean())


@pytest.mark.parametrize(("n_train", "n_held_out"), [(900, 100), (500, 500)])
@pytest.mark.parametrize("order", ["random", "sorted"])
def test_new_rows_score_a_half_and_copies_one_for_small_holdouts_and_any_order(n_train, n_held_out, order):
    fresh, copied, shares = [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        train, held_out, new = (rows(n, rng) for n in (n_train, n_held_out, 200))
        if order == "sorted":
            train, held_out, new = (x[np.argsort(x[:, 0])] for x in (train, held_out, new))
        control = cdist(held_out, train).min(axis=1)
        fresh.append(closest_record(cdist(new, train).min(axis=1), control).value)
        copied.append(closest_record(cdist(train[:n_held_out], train).min(axis=1), control).value)
        shares.append(share_closer(new, train, held_out))
    assert abs(np.mean(fresh) - 0.5) < 4 * np.std(fresh, ddof=1) / np.sqrt(len(fresh))
    assert np.mean(copied) > 0.99
    if n_held_out < n_train:
        assert np.mean(shares) > 0.85  # nine of ten new rows look copied to a share without weights


@pytest.mark.integration
def test_held_out_rows_lie_within_their_null_and_copies_noise_and_shuffles_do_not():
    data = table()
    n = len(data.reference)
    null: dict[str, list[float]] = {name: [] for name in NEW}
    for seed in range(25):
        found = scores(data, in_model(data, rows(n, np.random.default_rng(100 + seed))))
        for name in NEW:
            null[name].append(found[name].value)
    low, high = (
        {name: np.mean(v) + sign * 4 * np.std(v, ddof=1) for name, v in null.items()} for sign in (-1, 1)
    )
    held_out = scores(data, data.held_out)
    assert all(low[name] <= held_out[name].value <= high[name] for name in NEW)
    assert all(held_out[name].status == "ok" and held_out[name].stderr > 0 for name in NEW)
    shuffled = np.stack([RNG.permutation(column) for column in in_model(data, rows(n)).T], axis=1)
    found = scores(data, shuffled)
    assert low["column_w1"] <= found["column_w1"].value <= high["column_w1"]  # marginals are right
    assert (
        found["correlation"].value > high["correlation"] and found["column_tstr"].value > high["column_tstr"]
    )
    assert scores(data, data.train[:n])["closest_record"].value > 0.99
    wide = scores(data, 3 * in_model(data, rows(n)))
    assert wide["column_w1"].value > high["column_w1"]


@pytest.mark.integration
def test_standard_errors_are_those_of_fresh_samples():
    """Halves vary as wholes do; W₁ and gaps are no means, so within a factor of two."""
    data = table()
    draws = [scores(data, in_model(data, rows(250, np.random.default_rng(s)))) for s in range(30)]
    for name in ("column_w1", "correlation", "column_tstr"):
        spread = np.std([draw[name].value for draw in draws], ddof=1)
        assert 0.5 < np.mean([draw[name].stderr for draw in draws]) / spread < 2.5, name


def test_a_table_is_measured_without_pictures():
    found = scores(table(), table().held_out)
    assert set(NEW) <= set(found)
    said = " ".join(f"{m.metric} {m.reference} {m.reason}" for m in found.values())
    assert not any(word in said for word in ("pixel", "image", "picture", "sharpness"))


def test_wide_tables_are_compared_by_some_columns_and_constant_ones_left_out():
    x = RNG.normal(size=(60, 2 * MOST + 1)).astype(np.float32)
    x[:, 3] = 1.0
    data = dataclasses.replace(
        table(), train=x, validation=x[:9], test=x[:40], shape=(x.shape[1],), inverse=None
    )
    columns = Columns(data, 20)
    assert len(columns.chosen) == MOST and 3 not in columns.chosen and "every 2th column" in columns.text


def test_a_single_column_has_no_correlation():
    one = from_arrays({"x": RNG.normal(size=(90, 1))}, name="one", seed=0, source="made")
    found = scores(one, one.held_out)
    assert found["correlation"].reason == "fewer than 2 columns vary" == found["column_tstr"].reason
    assert found["column_w1"].status == "ok"
