"""Metrics of windows of time series: their dynamics, their values, and their use for training a forecast.

All compare n samples with the first n windows of the reference half of test. Real windows overlap, so n of them contain
less information than n independent ones. Compare a value with that of real held-out windows at the same n, which the
reference text gives. Standard errors are over the samples, for given real windows, except for the discriminative
score, whose error covers both sides.
"""

from collections.abc import Callable

import jax
import numpy as np
from jaxtyping import Bool, Float, Float64

from study.data.base import Dataset
from study.metrics.base import Metric, Prepared, Score, no_score
from study.metrics.folds import folds
from study.metrics.halves import half_sample_error
from study.metrics.reference import Reference
from study.metrics.rocket import Rocket
from study.runtime.drawing import permutation, split
from study.runtime.environment import blas_threads

SEEDS = 3  # repetitions, with other kernels of the classifier and other real training windows
_PENALTIES = 10.0 ** np.arange(-2, 5)
_FEWEST = 10  # fewest windows of either kind to fit a classifier to


def autocorrelation(x: Float[np.ndarray, "n T F"], *, lags: int) -> Float64[np.ndarray, "{lags} F"]:
    """Autocorrelation of windows at lags 1..lags.

    Mean and variance are over all steps of all windows, so different levels of windows count as dependence within
    them; NaN for a feature that is constant.
    """
    centred = x.astype(np.float64)
    centred -= centred.mean(axis=(0, 1))
    steps = x.shape[1]
    variance = np.square(centred).mean(axis=(0, 1))
    products = [(centred[:, : steps - k] * centred[:, k:]).mean(axis=(0, 1)) for k in range(1, lags + 1)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(variance > 0, np.stack(products) / variance, np.nan)


def w1_by_feature(x: Float[np.ndarray, "n T F"], y: Float[np.ndarray, "m T F"]) -> Float64[np.ndarray, " F"]:
    """Wasserstein-1 distance of each feature's values, all steps together.

    In one dimension this is the area between the distribution functions :cite:`ramdas2017`.
    """
    features = range(x.shape[2])
    from scipy.stats import wasserstein_distance  # half a second, for which readers of tables should not wait

    return np.array([wasserstein_distance(x[..., j].ravel(), y[..., j].ravel()) for j in features])


def correct(
    features: Float[np.ndarray, "n f"], real: Float[np.ndarray, "n f"], *, span: int
) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]] | None:
    """Whether a ridge classifier, out of fold, is correct for each sample and each real window.

    Args:
        features: of the samples.
        real: of real windows in time order.
        span: see `folds`.

    Returns:
        None if too few windows do not overlap with a fold to fit a classifier.
    """
    from sklearn.linear_model import RidgeCV  # which reports that only name the metric need not load
    from sklearn.preprocessing import StandardScaler

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


def forecast_error(
    train: Float[np.ndarray, "n T F"], test: Float[np.ndarray, "m T F"], *, n_past: int, target: int
) -> float:
    """Mean squared error on `test` of a linear forecast fitted to `train`, both windows.

    Ridge regression of the target's last steps on the first n_past of all features, its penalty by generalised
    cross-validation.
    """
    from sklearn.linear_model import RidgeCV

    model = RidgeCV(_PENALTIES).fit(_past(train, n_past), train[:, n_past:, target].astype(np.float64))
    forecast = model.predict(_past(test, n_past)).reshape(len(test), -1)
    return float(np.square(forecast - test[:, n_past:, target]).mean())


def _past(windows: Float[np.ndarray, "n T F"], n_past: int) -> Float64[np.ndarray, "n inputs"]:
    return windows[:, :n_past].reshape(len(windows), -1).astype(np.float64)


class Sequences:
    """Scores windows against one data set; everything about the real windows is computed once.

    Args:
        data: a data set of windows.
        n: how many samples are scored at a time.
        max_lag: largest lag of autocorrelations; half a window by default.
    """

    def __init__(self, data: Dataset, n: int, *, max_lag: int | None = None) -> None:
        assert data.windows is not None
        self.n, self._shape, self._windows = n, data.windows.shape, data.windows
        self._real = self._cut(data.reference[:n])
        self._lags = max_lag or max(1, self._shape[0] // 2)
        self._autocorrelation = autocorrelation(self._real, lags=self._lags)
        keys = split(jax.random.key(0), 2 * SEEDS + 1)
        self._error_key = keys[0]
        self._kernels = [Rocket.draw(key, shape=self._shape) for key in keys[1 : SEEDS + 1]]
        self._features = [kernels.features(data.reference[:n]) for kernels in self._kernels]
        errors = []
        for key in keys[SEEDS + 1 :]:
            rows = permutation(key, len(data.train))[:n]
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

    def score(self, name: str, x: Float[np.ndarray, "n D"]) -> Score:
        """The score of samples x, D = T * F, by the metric with this name."""
        measure = {
            "autocorrelation": self._dynamics,
            "marginal_w1": self._values,
            "discriminative": self._told_apart,
            "tstr": self._worth,
        }[name]
        with blas_threads(1):  # the matrices are small: threads would wait for each other
            return measure(x)

    def _cut(self, x: Float[np.ndarray, "n D"]) -> Float[np.ndarray, "n T F"]:
        return x.reshape(-1, *self._shape)

    def _dynamics(self, x: Float[np.ndarray, "n D"]) -> Score:
        """Mean absolute difference of the autocorrelations over features and lags, :cite:`wiese2020`."""
        windows = self._cut(x)
        value = lambda rows: self._autocorrelation_gap(windows[rows])  # noqa: E731
        found = value(np.arange(self.n))
        if not np.isfinite(found):
            return no_score("a feature is constant")
        return Score(found, half_sample_error(self._error_key, value, n=self.n))

    def _autocorrelation_gap(self, windows: Float[np.ndarray, "n T F"]) -> float:
        return float(np.abs(autocorrelation(windows, lags=self._lags) - self._autocorrelation).mean())

    def _values(self, x: Float[np.ndarray, "n D"]) -> Score:
        """Mean over features of the W1 distance of their values, in standard deviations of the training rows."""
        windows = self._cut(x)
        value = lambda rows: w1_by_feature(windows[rows], self._real).mean()  # noqa: E731
        return Score(value(np.arange(self.n)), half_sample_error(self._error_key, value, n=self.n))

    def _told_apart(self, x: Float[np.ndarray, "n D"]) -> Score:
        """|accuracy − ½| of a classifier between samples and real windows: 0 is best, ½ worst, :cite:`yoon2019`.

        Accuracy is averaged over draws of the kernels and over folds before the absolute value is taken. A fold is a
        stretch of time; real windows that overlap with it are not fitted to, since the classifier would recognise
        their neighbours, whatever samples are like. The standard error treats samples as independent, and real windows
        as independent stretches of one window's span.
        """
        span = self._windows.fold_span
        found = [
            correct(kernels.features(x), real, span=span)
            for kernels, real in zip(self._kernels, self._features, strict=True)
        ]
        known = [one for one in found if one is not None]
        if not known:
            return no_score("too few windows: almost all of them overlap with each test fold")
        sides = [np.mean([one[side] for one in known], axis=0) for side in (0, 1)]
        stretches = np.array_split(sides[1], max(2, self.n // span))
        means = np.array([part.mean() for part in stretches])
        variance = sides[0].var(ddof=1) / self.n + means.var(ddof=1) / len(means)
        accuracy = (sides[0].mean() + sides[1].mean()) / 2
        return Score(abs(accuracy - 0.5), np.sqrt(variance) / 2)

    def _worth(self, x: Float[np.ndarray, "n D"]) -> Score:
        """Log of the squared error of a forecast fitted to samples over that of one fitted to train.

        Train on synthetic, test on real :cite:`esteban2017`. The logarithm is taken since ratios vary by factors
        between training runs: a forecast fitted to samples without noise relies on details that noise hides in real
        windows.
        """
        windows = self._cut(x)
        ratio = lambda rows: float(np.log(self._forecast(windows[rows]) / self._trained_on_real))  # noqa: E731
        return Score(ratio(np.arange(self.n)), half_sample_error(self._error_key, ratio, n=self.n))

    def _forecast(self, windows: Float[np.ndarray, "n T F"]) -> float:
        place = {"n_past": self._windows.n_past, "target": self._windows.target_index}
        return forecast_error(windows, self._real, **place)


def _prepare(name: str) -> Callable[[Reference], Prepared]:
    """Prepare one of the four metrics, which share the computations on the real windows."""

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
        "features and lags; compare it with the `held-out` row, not with 0"
    ),
    prepare=_prepare("autocorrelation"),
    needs="windows",
    once=True,
)
MARGINAL_W1 = Metric(
    "marginal_w1",
    label="marginal W₁",
    summary="windows: Wasserstein-1 distance of the values of each feature, mean over features",
    source="Ramdas et al. 2017",
    better="lower",
    meaning=(
        "Wasserstein-1 distance of the values of each feature, in standard deviations of the training "
        "rows, mean over features; compare it with the `held-out` row"
    ),
    unit="s.d.",
    prepare=_prepare("marginal_w1"),
    needs="windows",
    once=True,
)
DISCRIMINATIVE = Metric(
    "discriminative",
    label="discriminative score",
    summary=(
        "windows: |accuracy - 1/2| of a classifier between samples and reference, by stretches of time; null 0"
    ),
    source="Yoon et al. 2019; Dempster et al. 2020",
    better="lower",
    meaning=(
        "|accuracy − ½| of a classifier between generated and real windows, random convolutions with "
        "a ridge, tested on stretches of time that do not overlap with those it was fitted to: 0 if they "
        "are indistinguishable, ½ if it is always correct"
    ),
    prepare=_prepare("discriminative"),
    needs="windows",
    once=True,
)
TSTR = Metric(
    "tstr",
    label="forecast error",
    summary=(
        "windows: log of the squared error, on the reference, of a forecast fitted to samples over that of one "
        "fitted to train"
    ),
    source="Esteban et al. 2017; Yoon et al. 2019",
    better="lower",
    meaning=(
        "log of the squared error, on real windows, of a linear forecast of the target fitted to "
        "generated windows over that of one fitted to as many training windows: 0 means as useful as "
        "training data, 0.7 twice the error"
    ),
    unit="log ratio",
    prepare=_prepare("tstr"),
    needs="windows",
    once=True,
)
