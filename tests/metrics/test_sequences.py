"""Sequence metrics against closed forms for an autoregression, other implementations, and real windows."""

import functools
import itertools
from collections.abc import Iterator

import jax
import numpy as np
import pytest
from scipy import stats
from statsmodels.tsa.stattools import acf

import study
from study.config.windows import WindowsConfig
from study.data import Dataset
from study.data.scaling import Affine
from study.data.windows import from_table
from study.metrics.c2st import c2st
from study.metrics.folds import folds
from study.metrics.halves import half_sample_error
from study.metrics.registry import metrics_for
from study.metrics.rocket import Rocket
from study.metrics.sequences import (
    Sequences,
    autocorrelation,
    correct,
    forecast_error,
    w1_by_feature,
)
from study.runtime.environment import blas_threads
from study.strategies import REFERENCES

PHI = np.array([0.9, 0.4])
NAMES = ["autocorrelation", "marginal_w1", "discriminative", "tstr"]
CONFIG = WindowsConfig("t", ("a", "b"), "a", n_past=7, n_future=5)
T = CONFIG.length


def autoregression(rng: np.random.Generator, *, n: int, steps: int, phi: np.ndarray = PHI) -> np.ndarray:
    """Stationary AR(1) with unit variance, `[n, steps, F]`, independent over n and features."""
    x = np.empty((n, steps, len(phi)))
    x[:, 0] = rng.normal(size=(n, len(phi)))
    for t in range(1, steps):
        x[:, t] = phi * x[:, t - 1] + np.sqrt(1 - phi**2) * rng.normal(size=(n, len(phi)))
    return x


@functools.cache
def data() -> Dataset:
    """Overlapping windows of one long autoregression, 880 in each half of the test split."""
    series = autoregression(np.random.default_rng(0), n=1, steps=6500)[0]
    return from_table(series, CONFIG, name="ar", seed=0, source="")


@functools.cache
def sequences() -> Sequences:
    return Sequences(data(), n=len(data().reference))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with blas_threads(1):  # threads of small products wait for each other
        yield


def scored(x: np.ndarray) -> dict[str, study.metrics.base.Score]:
    x = x.reshape(len(x), -1).astype(np.float32)
    return {name: sequences().score(name, x) for name in NAMES}


def drawn(seed: int) -> np.ndarray:
    """Independent windows of the same process, in the model's range."""
    scaling = data().inverse
    assert isinstance(scaling, Affine)
    x = autoregression(np.random.default_rng(seed), n=sequences().n, steps=T).reshape(sequences().n, -1)
    return scaling.to_model(x)


def test_autocorrelation_of_an_autoregression_is_a_power():
    n, lags = 8000, 6
    x = autoregression(np.random.default_rng(1), n=n, steps=20)
    found = autocorrelation(x, lags=lags)
    for lag in range(1, lags + 1):
        # The products of one window vary so much; the variance below them is known better.
        spread = ((x[:, :-lag] * x[:, lag:]).mean(1) - PHI**lag * np.square(x).mean(1)).std(0)
        np.testing.assert_allclose(found[lag - 1], PHI**lag, atol=5 * spread.max() / np.sqrt(n))


def test_autocorrelation_of_one_long_window_is_that_of_statsmodels():
    x = autoregression(np.random.default_rng(2), n=1, steps=300)
    expected = [acf(x[0, :, j], adjusted=True, nlags=10, fft=False)[1:] for j in range(2)]
    np.testing.assert_allclose(autocorrelation(x, lags=10), np.stack(expected, 1), atol=1e-12)


def test_autocorrelation_of_what_does_not_vary_is_none():
    x = autoregression(np.random.default_rng(2), n=4, steps=9)
    x[..., 1] = 3.0
    found = autocorrelation(x, lags=2)
    assert np.isfinite(found[:, 0]).all() and np.isnan(found[:, 1]).all()


def test_w1_of_a_shift_is_the_shift_and_of_a_scale_known():
    x = autoregression(np.random.default_rng(3), n=3000, steps=8, phi=np.zeros(2))
    np.testing.assert_allclose(w1_by_feature(x, x + np.array([0.5, -2.0])), [0.5, 2.0], rtol=1e-9)
    y = 2 * autoregression(np.random.default_rng(4), n=2000, steps=8, phi=np.zeros(2))
    # W1 of N(0, 1) and N(0, 4) is E|Z| = √(2/π); its standard error is below that of the mean of |2 Z|.
    np.testing.assert_allclose(w1_by_feature(x, y), np.sqrt(2 / np.pi), atol=5 * 2 / np.sqrt(16_000))


def test_half_samples_give_the_standard_error_of_a_mean():
    n = 400
    x = np.random.default_rng(5).normal(size=n)
    errors = [
        half_sample_error(key, lambda rows: x[rows].mean(), n=n)
        for key in jax.random.split(jax.random.key(0), 40)
    ]
    # 12 halves leave each error uncertain by about 1/√22; of 40 by 3.4 %.
    np.testing.assert_allclose(
        np.sqrt(np.mean(np.square(errors))), x.std(ddof=1) / np.sqrt(n), rtol=5 * 0.034
    )


def test_folds_share_no_step_with_what_is_fitted():
    for n, span in ((97, 12), (97, 1), (50, 40), (97, 0)):
        all_tested: list[int] = []
        for train, test in folds(n, span=span):
            assert all(abs(int(i) - int(j)) >= max(span, 1) for i in train for j in test)
            all_tested.extend(test)
        assert sorted(all_tested) == list(range(n))


def test_responses_are_convolutions():
    rocket = Rocket.draw(jax.random.key(0), shape=(T, 2), kernels=6)
    x = np.random.default_rng(6).normal(size=(4, T, 2)).astype(np.float32)
    found = rocket.features(x.reshape(4, -1))
    assert found.shape == (4, 2 * 6 + 2 * 2)
    for k in range(6):
        taps = rocket.matrix.reshape(T, 2, 6, T)[:, :, k]  # step × feature -> response at each step
        response = np.einsum("ntf,tfs->ns", x, taps) + rocket.bias[k]
        middle = np.flatnonzero(rocket.counts[k])
        np.testing.assert_allclose(found[:, k], (response[:, middle] > 0).mean(1), atol=1e-6)
        np.testing.assert_allclose(found[:, 6 + k], response[:, middle].max(1), rtol=1e-4, atol=1e-5)
        for a, b in itertools.pairwise(middle):  # the same kernel, a step later
            if not rocket.counts[k].all():
                np.testing.assert_allclose(taps[: T - (b - a), :, a], taps[b - a :, :, b], atol=1e-6)
    np.testing.assert_allclose(found[:, 12:14], x.mean(1), atol=1e-6)


def test_a_classifier_of_independent_windows_is_no_better_than_it_can_be():
    """For noise shifted by δ the best accuracy is Φ(δ √T / 2), which the mean of a window attains."""
    n, delta = 2000, 0.4
    rng = np.random.default_rng(7)
    x, y = (rng.normal(size=(n, T)).astype(np.float32) + shift for shift in (0.0, np.float32(delta)))
    rocket = Rocket.draw(jax.random.key(1), shape=(T, 1))
    found = correct(rocket.features(y), rocket.features(x), span=1)
    assert found is not None
    best, error = stats.norm.cdf(delta * np.sqrt(T) / 2), np.sqrt(0.25 / (2 * n))
    assert best - 0.05 < np.mean(found) < best + 4 * error


def test_forecasts_of_an_autoregression_have_the_error_that_is_known():
    rng = np.random.default_rng(8)
    train, test = (autoregression(rng, n=n, steps=T) for n in (4000, 4000))
    best = 1 - PHI[0] ** (2 * np.arange(1, 6))  # of the h-step forecast φʰ x
    found = forecast_error(train, test, n_past=7, target=0)
    np.testing.assert_allclose(found, best.mean(), rtol=5 * np.sqrt(2 / 4000) + 14 / 4000)
    noise = autoregression(rng, n=4000, steps=T, phi=np.zeros(2))
    np.testing.assert_allclose(forecast_error(noise, test, n_past=7, target=0), 1.0, rtol=0.12)


@pytest.mark.integration
def test_real_windows_against_real_are_no_different():
    """Held-out windows, and independent draws of the same process."""
    null = scored(data().held_out)
    for name, row in null.items():
        assert f"held-out windows score {row.value:.3g}" in sequences().references[name]
    for seed in (11, 12):
        found = scored(drawn(seed))
        assert found["discriminative"].value < 4 * found["discriminative"].stderr
        assert null["discriminative"].value < 4 * null["discriminative"].stderr
        assert found["autocorrelation"].value < 0.06 and found["marginal_w1"].value < 0.12
        np.testing.assert_allclose(found["tstr"].value, 0.0, atol=5 * found["tstr"].stderr + 0.02)


@pytest.mark.integration
def test_standard_errors_are_the_spread_of_new_draws():
    rows = [scored(drawn(seed)) for seed in range(20, 28)]
    for name in ("autocorrelation", "marginal_w1", "tstr"):
        spread = np.std([row[name].value for row in rows], ddof=1)
        said = np.mean([row[name].stderr for row in rows])
        # Eight draws know their spread to 27 %; halves of the samples are farther from the data, which adds some.
        assert 0.4 < said / spread < 2.5, name


@pytest.mark.integration
def test_what_is_wrong_with_windows_is_seen_by_what_measures_it():
    right = scored(drawn(30))
    x = drawn(31).reshape(-1, T, 2)
    shuffled = scored(np.random.default_rng(0).permuted(x, axis=0))  # each step on its own, between windows
    assert shuffled["autocorrelation"].value > 5 * right["autocorrelation"].value
    assert shuffled["marginal_w1"].value < right["marginal_w1"].value + 5 * right["marginal_w1"].stderr
    assert shuffled["discriminative"].value > 0.3
    # Fitted to noise the forecast is zero: error one, of a target whose error is known.
    expected = -np.log((1 - PHI[0] ** (2 * np.arange(1, 6))).mean())
    np.testing.assert_allclose(shuffled["tstr"].value, expected, atol=0.2)
    wide = scored(2 * x)
    assert wide["marginal_w1"].value > 5 * right["marginal_w1"].value
    assert wide["autocorrelation"].value < 0.06  # of the same shape in time
    assert wide["discriminative"].value > 0.1


@pytest.mark.integration
def test_overlapping_windows_are_not_known_again():
    """Neighbouring windows of a random walk are near copies, so folds that mix them make classification easy."""
    walk = np.cumsum(np.random.default_rng(9).normal(size=(2, 900 + T, 1)), axis=1)
    windows = [np.lib.stride_tricks.sliding_window_view(w[:, 0], T)[:900] for w in walk]
    rocket = Rocket.draw(jax.random.key(2), shape=(T, 1))
    other, real = (rocket.features(w.astype(np.float32)) for w in windows)
    order = np.random.default_rng(1).permutation(900)
    mixed, apart = correct(other[order], real[order], span=1), correct(other, real, span=T)
    assert mixed is not None and apart is not None
    assert np.mean(mixed) > np.mean(apart) + 0.1
    near, far = (c2st(other, real, span=span).value for span in (0, T))
    assert near > far + 0.1
    assert "overlap with each test fold" in c2st(other[:30], real[:30], span=T).reason


def test_what_cannot_be_computed_says_why():
    rows = scored(np.zeros_like(data().reference))
    assert rows["autocorrelation"].reason == "a feature is constant"
    assert not any(rows[name].reason for name in NAMES[1:])
    short = Sequences(data(), n=14)
    found = short.score("discriminative", data().held_out[:14])
    assert np.isnan(found.value) and "overlap with each test fold" in found.reason


@pytest.mark.integration
def test_the_evaluator_scores_windows_as_sequences_and_says_why_not_as_images():
    rows = study.evaluate(data().held_out[:200], data()).set_index("metric")
    assert list(rows.index) == [metric.name for metric in metrics_for(windows=True)]
    assert set(rows.index) - {metric.name for metric in metrics_for(windows=False)} == set(NAMES)
    assert (rows.loc[NAMES, "status"] == "ok").all()
    assert rows.loc["sharpness", "reason"] == "the data are not images"
    assert "no classifier" in rows.loc["class_histogram", "reason"]
    digits = study.load_dataset("digits")
    assert not set(NAMES) & set(study.evaluate(digits.held_out[:50], digits)["metric"])


@pytest.mark.integration
def test_copies_and_noise_stand_where_they_must():
    draw = lambda name: REFERENCES[name](jax.random.key(0), data=data(), model=None, n=sequences().n)  # noqa: E731
    copies, noise = scored(draw("copycat")), scored(draw("noise"))
    for name in NAMES:
        assert noise[name].value > copies[name].value + 5 * np.hypot(
            noise[name].stderr, copies[name].stderr
        ), name


@pytest.mark.integration
def test_the_same_samples_score_the_same():
    assert scored(drawn(40)) == scored(drawn(40))
