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
from study.metrics.base import Metric, Prepared, Score, no_score
from study.metrics.folds import folds
from study.metrics.reference import Reference
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

    def __init__(self, data: Dataset, n: int, *, max_lag: int | None = None) -> None:
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
        half = f"reference half of test, {n} windows"
        said = {
            "autocorrelation": f"{half}, lags 1 to {self._lags}",
            "marginal_w1": half,
            "discriminative": f"{half}, {SEEDS} draws of {len(self._kernels[0].bias)} kernels",
            "tstr": f"train's windows, whose squared error on the {half} is {self._trained_on_real:.3g}",
        }
        self.references = {
            name: f"{text}; held-out windows score {self.score(name, data.held_out[:n]).value:.3g}"
            for name, text in said.items()
        }

    def score(self, name: str, x: np.ndarray) -> Score:
        """The measurement of that name of samples x `[n, T * F]`."""
        measure = {
            "autocorrelation": self._dynamics,
            "marginal_w1": self._values,
            "discriminative": self._told_apart,
            "tstr": self._worth,
        }[name]
        with blas_threads(1):  # the matrices are small: threads would wait for each other
            return measure(x)

    def _cut(self, x: np.ndarray) -> np.ndarray:
        return x.reshape(-1, *self._shape)

    def _dynamics(self, x: np.ndarray) -> Score:
        """Mean absolute difference of the autocorrelations over features and lags, :cite:`wiese2020`."""
        windows = self._cut(x)
        value = lambda rows: self._autocorrelation_gap(windows[rows])  # noqa: E731
        found = value(np.arange(self.n))
        if not np.isfinite(found):
            return no_score("a feature does not vary")
        return Score(found, half_sample_error(self._error_key, value, n=self.n))

    def _autocorrelation_gap(self, windows: np.ndarray) -> float:
        return float(np.abs(autocorrelation(windows, lags=self._lags) - self._autocorrelation).mean())

    def _values(self, x: np.ndarray) -> Score:
        """Mean over features of the W1 distance of their values, in standard deviations of the training rows."""
        windows = self._cut(x)
        value = lambda rows: w1_by_feature(windows[rows], self._real).mean()  # noqa: E731
        return Score(value(np.arange(self.n)), half_sample_error(self._error_key, value, n=self.n))

    def _told_apart(self, x: np.ndarray) -> Score:
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
            return no_score("too few windows share no step with a fifth of them")
        sides = [np.mean([one[side] for one in known], axis=0) for side in (0, 1)]
        stretches = np.array_split(sides[1], max(2, self.n // span))
        means = np.array([part.mean() for part in stretches])
        variance = sides[0].var(ddof=1) / self.n + means.var(ddof=1) / len(means)
        accuracy = (sides[0].mean() + sides[1].mean()) / 2
        return Score(abs(accuracy - 0.5), np.sqrt(variance) / 2)

    def _worth(self, x: np.ndarray) -> Score:
        """Log of the squared error of a forecast fitted to samples over that of one fitted to train.

        Train on synthetic, test on real :cite:`esteban2017`. The logarithm, since ratios of different trainings differ
        by factors: samples without noise make a forecast trust details that the noise of real windows drowns.
        """
        windows = self._cut(x)
        ratio = lambda rows: float(np.log(self._forecast(windows[rows]) / self._trained_on_real))  # noqa: E731
        return Score(ratio(np.arange(self.n)), half_sample_error(self._error_key, ratio, n=self.n))

    def _forecast(self, windows: np.ndarray) -> float:
        place = {"n_past": self._windows.n_past, "target": self._windows.target_index}
        return forecast_error(windows, self._real, **place)


def _prepare(name: str) -> Callable[[Reference], Prepared]:
    """One of the four, which share what is known of the real windows."""

    def prepare(real: Reference) -> Prepared:
        known = real.once(Sequences, real.data, real.n)
        return Prepared(known.references[name], lambda samples: known.score(name, samples.x))

    return prepare


AUTOCORRELATION = Metric(
    "autocorrelation",
    label="autocorrelation gap",
    summary=(
        "windows: mean absolute difference of autocorrelations from the reference's, over features and lags"
    ),
    source="Wiese et al. 2020",
    better="lower",
    meaning=(
        "mean absolute difference between the autocorrelations of generated and real windows, over "
        "features and lags; read it against the `held-out` row, never against 0"
    ),
    prepare=_prepare("autocorrelation"),
    needs="windows",
)
MARGINAL_W1 = Metric(
    "marginal_w1",
    label="marginal W₁",
    summary="windows: Wasserstein-1 distance of the values of each feature, mean over features",
    source="Ramdas et al. 2017",
    better="lower",
    meaning=(
        "Wasserstein-1 distance of the values of each feature, in standard deviations of the training "
        "rows, mean over features; read it against the `held-out` row"
    ),
    unit="s.d.",
    prepare=_prepare("marginal_w1"),
    needs="windows",
)
DISCRIMINATIVE = Metric(
    "discriminative",
    label="discriminative score",
    summary=(
        "windows: |accuracy - 1/2| of a classifier of samples and reference, by stretches of time; null 0"
    ),
    source="Yoon et al. 2019; Dempster et al. 2020",
    better="lower",
    meaning=(
        "|accuracy − ½| of a classifier that tells generated from real windows, random convolutions with "
        "a ridge, tested on stretches of time that share no step with those it was fitted to: 0 where it "
        "cannot, ½ where it always can"
    ),
    prepare=_prepare("discriminative"),
    needs="windows",
)
TSTR = Metric(
    "tstr",
    label="forecast error",
    summary=(
        "windows: log of the squared error of a forecast fitted to samples, on the reference, over one "
        "fitted to train"
    ),
    source="Esteban et al. 2017; Yoon et al. 2019",
    better="lower",
    meaning=(
        "log of the squared error, on real windows, of a linear forecast of the target fitted to "
        "generated windows over that of one fitted to as many training windows: 0 is as useful as "
        "training data, 0.7 twice the error"
    ),
    unit="log ratio",
    prepare=_prepare("tstr"),
    needs="windows",
)
