"""Measurements of windows of time series: their dynamics, their values, and what they are worth.

All compare n samples with the first n windows of the reference half of test. Real windows overlap, so that n of them
hold fewer independent ones; what real held-out windows score at the same n, which the reference's text says, is the
null to read a value against. Standard errors are over the samples, the real windows held fixed, but for the
discriminative score, whose error holds both sides.
"""

from collections.abc import Callable

import jax
import numpy as np
from scipy.stats import wasserstein_distance
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

from study.data.base import Dataset
from study.metrics.base import Measurement
from study.metrics.folds import folds
from study.metrics.registry import SEQUENCE_METRICS, measured, unavailable
from study.metrics.rocket import Rocket
from study.runtime.environment import blas_threads

SEEDS = 3  # draws of the classifier's kernels, and of as many real training windows
HALVES = 12  # random halves of the samples behind a standard error
_PENALTIES = 10.0 ** np.arange(-2, 5)
_FEWEST = 10  # windows of either kind that a classifier is fitted to


def autocorrelation(x: np.ndarray, *, lags: int) -> np.ndarray:
    """Autocorrelation of windows `[n, T, F]` at lags 1..lags: `[lags, F]` float64.

    Mean and variance are those of all steps of all windows, so that levels that differ between windows count as
    dependence within them; NaN for a feature that does not vary.
    """
    centred = x.astype(np.float64)
    centred -= centred.mean(axis=(0, 1))
    steps = x.shape[1]
    variance = np.square(centred).mean(axis=(0, 1))
    products = [(centred[:, : steps - k] * centred[:, k:]).mean(axis=(0, 1)) for k in range(1, lags + 1)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(variance > 0, np.stack(products) / variance, np.nan)


def w1_by_feature(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Wasserstein-1 distance of each feature's values, all steps together: `[n, T, F]`, `[m, T, F]` -> `[F]`.

    In one dimension it is the area between the distribution functions :cite:`ramdas2017`.
    """
    features = range(x.shape[2])
    return np.array([wasserstein_distance(x[..., j].ravel(), y[..., j].ravel()) for j in features])


def half_sample_error(key: jax.Array, value: Callable[[np.ndarray], float], *, n: int) -> float:
    """Standard error of a statistic of n independent rows: its spread over random halves (delete-half jackknife).

    A half varies about the whole as the whole does about the truth :cite:`shao1989`.

    Args:
        key: draws the halves.
        value: of row numbers `[m]`.
        n: rows.
    """
    rng = np.random.default_rng(np.asarray(jax.random.bits(key, (4,))))
    values = [value(rng.permutation(n)[: n // 2]) for _ in range(HALVES)]
    return float(np.std(values, ddof=1))


def correct(features: np.ndarray, real: np.ndarray, *, span: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Whether a ridge classifier is right about each sample and each real window, out of fold: `[n]` bool twice.

    Args:
        features: `[n, f]` of the samples.
        real: `[n, f]` of real windows in time order.
        span: see `folds`.

    Returns:
        None where so few windows share no step with a fold that nothing can be fitted.
    """
    right = np.zeros((2, len(real)), bool)
    for train, test in folds(len(real), span=span):
        if len(train) < _FEWEST:
            return None
        scaler = StandardScaler().fit(np.concatenate([features[train], real[train]]))
        inputs = scaler.transform(np.concatenate([features[train], real[train]]))
        classifier = RidgeCV(_PENALTIES).fit(inputs, np.repeat([1.0, -1.0], len(train)))
        right[0, test] = classifier.predict(scaler.transform(features[test])) > 0
        right[1, test] = classifier.predict(scaler.transform(real[test])) <= 0
    return right[0], right[1]


def forecast_error(train: np.ndarray, test: np.ndarray, *, n_past: int, target: int) -> float:
    """Mean squared error on `test` of a linear forecast fitted to `train`, windows `[n, T, F]`.

    Ridge regression of the target's last steps on the first n_past of all features, its penalty by generalised
    cross-validation.
    """
    model = RidgeCV(_PENALTIES).fit(_past(train, n_past), train[:, n_past:, target].astype(np.float64))
    forecast = model.predict(_past(test, n_past)).reshape(len(test), -1)
    return float(np.square(forecast - test[:, n_past:, target]).mean())


def _past(windows: np.ndarray, n_past: int) -> np.ndarray:
    return windows[:, :n_past].reshape(len(windows), -1).astype(np.float64)


class Sequences:
    """Scores windows against one data set, everything on the real side computed once.

    Args:
        data: a data set of windows.
        n: how many samples will be scored at a time.
        max_lag: of autocorrelations; half a window by default.
    """

    def __init__(self, data: Dataset, *, n: int, max_lag: int | None = None) -> None:
        assert data.windows is not None
        self.n, self._shape, self._windows = n, data.windows.shape, data.windows
        self._real = self._cut(data.reference[:n])
        self._lags = max_lag or max(1, self._shape[0] // 2)
        self._autocorrelation = autocorrelation(self._real, lags=self._lags)
        keys = jax.random.split(jax.random.key(0), 2 * SEEDS + 1)
        self._error_key = keys[0]
        self._kernels = [Rocket.draw(key, shape=self._shape) for key in keys[1 : SEEDS + 1]]
        self._features = [kernels.features(data.reference[:n]) for kernels in self._kernels]
        errors = []
        for key in keys[SEEDS + 1 :]:
            rows = np.asarray(jax.random.permutation(key, len(data.train)))[:n]
            with blas_threads(1):
                errors.append(self._forecast(self._cut(data.train[rows])))
        self._trained_on_real = float(np.mean(errors))
        self.references: dict[str, str] = {metric.name: "" for metric in SEQUENCE_METRICS}
        half = f"reference half of test, {n} windows"
        said = {
            "autocorrelation": f"{half}, lags 1 to {self._lags}",
            "marginal_w1": half,
            "discriminative": f"{half}, {SEEDS} draws of {len(self._kernels[0].bias)} kernels",
            "tstr": f"train's windows, whose squared error on the {half} is {self._trained_on_real:.3g}",
        }
        null = {row.metric: row for row in self.measure(data.held_out[:n])}
        self.references = {
            name: f"{text}; held-out windows score {null[name].value:.3g}" for name, text in said.items()
        }

    def measure(self, x: np.ndarray) -> list[Measurement]:
        """Every measurement of samples x `[n, T * F]`, in the order of `SEQUENCE_METRICS`."""
        windows = self._cut(x)
        with blas_threads(1):  # the matrices are small: threads would wait for each other
            return [self._dynamics(windows), self._values(windows), self._told_apart(x), self._worth(windows)]

    def _cut(self, x: np.ndarray) -> np.ndarray:
        return x.reshape(-1, *self._shape)

    def _dynamics(self, windows: np.ndarray) -> Measurement:
        """Mean absolute difference of the autocorrelations over features and lags, :cite:`wiese2020`."""
        value = lambda rows: self._autocorrelation_gap(windows[rows])  # noqa: E731
        found = value(np.arange(self.n))
        if not np.isfinite(found):
            return self._missing("autocorrelation", "a feature does not vary")
        error = half_sample_error(self._error_key, value, n=self.n)
        return self._measured("autocorrelation", found, error)

    def _autocorrelation_gap(self, windows: np.ndarray) -> float:
        return float(np.abs(autocorrelation(windows, lags=self._lags) - self._autocorrelation).mean())

    def _values(self, windows: np.ndarray) -> Measurement:
        """Mean over features of the W1 distance of their values, in standard deviations of the training rows."""
        value = lambda rows: w1_by_feature(windows[rows], self._real).mean()  # noqa: E731
        error = half_sample_error(self._error_key, value, n=self.n)
        return self._measured("marginal_w1", value(np.arange(self.n)), error)

    def _told_apart(self, x: np.ndarray) -> Measurement:
        """|accuracy − ½| of a classifier of samples and real windows: 0 is best, ½ worst, :cite:`yoon2019`.

        Accuracy is the mean over draws of the kernels and over folds before the absolute value is taken. A fold is a
        stretch of time, and real windows that share a step with it are kept out of training, since they would be known
        again whatever samples are like. The standard error takes samples as independent and real windows by stretches
        of one window's span.
        """
        span = self._windows.fold_span
        found = [
            correct(kernels.features(x), real, span=span)
            for kernels, real in zip(self._kernels, self._features, strict=True)
        ]
        known = [one for one in found if one is not None]
        if not known:
            return self._missing("discriminative", "too few windows share no step with a fifth of them")
        sides = [np.mean([one[side] for one in known], axis=0) for side in (0, 1)]
        stretches = np.array_split(sides[1], max(2, self.n // span))
        means = np.array([part.mean() for part in stretches])
        variance = sides[0].var(ddof=1) / self.n + means.var(ddof=1) / len(means)
        accuracy = (sides[0].mean() + sides[1].mean()) / 2
        return self._measured("discriminative", abs(accuracy - 0.5), np.sqrt(variance) / 2)

    def _worth(self, windows: np.ndarray) -> Measurement:
        """Log of the squared error of a forecast fitted to samples over that of one fitted to train.

        Train on synthetic, test on real :cite:`esteban2017`. The logarithm, since ratios of different trainings differ
        by factors: samples without noise make a forecast trust details that the noise of real windows drowns.
        """
        ratio = lambda rows: float(np.log(self._forecast(windows[rows]) / self._trained_on_real))  # noqa: E731
        error = half_sample_error(self._error_key, ratio, n=self.n)
        return self._measured("tstr", ratio(np.arange(self.n)), error)

    def _forecast(self, windows: np.ndarray) -> float:
        place = {"n_past": self._windows.n_past, "target": self._windows.target_index}
        return forecast_error(windows, self._real, **place)

    def _measured(self, name: str, value: float, stderr: float | np.floating) -> Measurement:
        return measured(name, value, stderr, n=self.n, reference=self.references[name])

    def _missing(self, name: str, reason: str) -> Measurement:
        return unavailable(name, n=self.n, reference=self.references[name], reason=reason)
