"""All metrics of a set of samples in one call; everything about the reference is computed once."""

import dataclasses
import functools
import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Integer
from numpy.typing import ArrayLike

from study.data.base import Dataset
from study.data.halves import halved
from study.errors import CannotFit, StudyError
from study.metrics.base import Measurement, no_score
from study.metrics.features import Extractor, pixel_extractor, train_extractor
from study.metrics.manifold import DENSITY_K, inside, manifold_of
from study.metrics.reference import FeatureExtractor, Reference, Samples
from study.metrics.registry import metrics_for
from study.metrics.units import other_units
from study.runtime.arrays import numbers
from study.runtime.checks import shown, whole_number
from study.runtime.environment import blas_threads
from study.runtime.progress import heard, stage

__all__ = ["Evaluator", "evaluate", "evaluators"]

_FEWEST = DENSITY_K + 1  # fewest rows for every reference point to have a k-th neighbour
_LINES = 5  # scores in a repr
_LARGEST = 1e12  # largest value for which the variance of the cubic kernel, a twelfth power, is finite
# Of matrix products: threads wait for each other, on busy cores twenty times as long as a product takes, and decide the
# last bits of sums.
_THREADS = 1


class Evaluator:
    """Scores n samples at a time against one data set, with every metric that applies to the data.

    Fidelity compares them with the first n rows of `data.reference`; novelty compares them with all of `data.train`
    and all of `data.reference`, whatever n is.

    Attributes:
        data: the data set.
        metrics: the metrics that `measure` returns, in order.
        n: how many samples are scored at a time.
        pixels: the extractor of the second view.

    Args:
        data: the data set.
        extractor: its feature extractor.
        n: how many samples are scored at a time, from 6 to `len(data.reference)`, the default.
        pixels: the extractor of the second view; by default it is made from `data.train`.
        again: leave out the metrics that are measured `once`.

    Raises:
        CannotFit: the reference half of test is too small for any n.
        StudyError: n is out of range, or the extractor expects data of another size.
    """

    def __init__(
        self,
        data: Dataset,
        extractor: FeatureExtractor,
        *,
        n: int | None = None,
        pixels: FeatureExtractor | None = None,
        again: bool = False,
    ) -> None:
        available = len(data.reference)
        self.n = available if n is None else whole_number(n, name="metrics: n", least=None)
        if available < _FEWEST:
            raise CannotFit(
                f"metrics on {data.name!r}: need {_FEWEST} examples in the reference half of test, it has {available}; "
                "give a larger test set"
            )
        if not _FEWEST <= self.n <= available:
            raise StudyError(
                f"metrics on {data.name!r}: n must lie in {_FEWEST}..{available} (the reference half of "
                f"test), got {self.n}"
            )
        self._size = data.train.shape[1]
        self.pixels = pixels or (extractor if extractor.name == "pca" else pixel_extractor(data))
        self._reference = Reference(data, extractor, pixels=self.pixels, n=self.n)
        self.data = data
        self.metrics = metrics_for(windows=data.is_sequence, table=data.is_table, again=again)
        self._all = metrics_for(windows=data.is_sequence, table=data.is_table, asked=True, again=again)
        with blas_threads(_THREADS):
            self._prepared = {metric.name: metric.prepare(self._reference) for metric in self._all}

    def measure(
        self, x: Float[np.ndarray, "n D"], asked: Integer[np.ndarray, " n"] | None = None
    ) -> list[Measurement]:
        """Every metric of samples x, in the order of `metrics`; includes `label_accuracy` if `asked`.

        If samples are not finite, the measurements have no value but a reason.

        Args:
            x: samples.
            asked: requested classes, or None if none were requested.

        Raises:
            StudyError: x is not `[n, D]`.
        """
        x = np.asarray(x)
        if x.shape != (self.n, self._size):
            raise StudyError(f"metrics: samples must be [{self.n}, {self._size}], got {list(x.shape)}")
        unusable = self.n - np.count_nonzero((np.abs(x) <= _LARGEST).all(axis=1))
        metrics = self.metrics if asked is None else self._all
        if unusable:
            reason = f"{unusable} of {self.n} samples hold values that are not finite or exceed {_LARGEST:g}"
            scores = [no_score(reason)] * len(metrics)
        else:
            samples = Samples(x.astype(np.float32, copy=False), self._reference, asked)
            with blas_threads(_THREADS):
                scores = [self._prepared[metric.name].score(samples) for metric in metrics]
        return [
            Measurement.of(metric, score, n=self.n, reference=self._prepared[metric.name].reference)
            for metric, score in zip(metrics, scores, strict=True)
        ]

    def nearest_train(self, x: Float[np.ndarray, "k D"]) -> Float[np.ndarray, "k D"]:
        """The nearest training example of each sample x `[k, D]`, in pixels; values that are not finite count as 0."""
        x = np.nan_to_num(x.astype(np.float32, copy=False), posinf=0, neginf=0)
        pool = self._reference.near[0]
        return pool.pool[pool.nearest(x)[1]]

    def inside(self, x: Float[np.ndarray, "k D"]) -> Bool[np.ndarray, " k"]:
        """Which samples x lie in the manifold of the reference; the mean is precision."""
        with blas_threads(_THREADS):
            features = self._reference.extractor.features(x.astype(np.float32, copy=False))
            return inside(features, manifold_of(self._reference))


def evaluators(
    data: Dataset, extractors: Sequence[FeatureExtractor], *, n: int, pictured: Dataset | None = None
) -> tuple[Evaluator, ...]:
    """One evaluation per extractor, each with its own halves of test (`halved`), the first with those of the data set.

    The second view is made from `pictured`, if it is another data set. Together they show how far scores depend on the
    luck of one extractor and of one half.

    Raises:
        CannotFit, StudyError: as `Evaluator`.
    """
    pixels = None
    if pictured is not None and pictured is not data and extractors[0].name != "pca":
        pixels = pixel_extractor(pictured)
    first = Evaluator(data, extractors[0], n=n, pixels=pixels)
    others = (
        Evaluator(halved(data, i), extractor, n=n, pixels=first.pixels, again=True)
        for i, extractor in enumerate(extractors[1:], start=1)
    )
    return first, *others


@dataclasses.dataclass(frozen=True)
class _ByContent:
    """A data set as the key of a cache: equal if the contents are."""

    fingerprint: str
    data: Dataset = dataclasses.field(compare=False)


@functools.lru_cache(maxsize=4)
def _default_extractor(content: _ByContent) -> Extractor:
    return train_extractor(content.data)


class ScoreTable(pd.DataFrame):
    """The rows of `evaluate`: a data frame that is shown in short, `.to_string()` for the whole; parts are plain."""

    @property
    def _constructor(self) -> type[pd.DataFrame]:
        return pd.DataFrame

    def _told(self) -> pd.DataFrame:
        return pd.DataFrame(self)[["metric", "value", "stderr", "better"]]

    def __repr__(self) -> str:
        first = self._told().head(_LINES).to_string(index=False, header=False, float_format="%.4g")
        return f"{len(self)} scores: metric, value, stderr, better\n{first}\n…"

    def _repr_html_(self) -> str:
        return self._told().to_html(index=False, float_format=lambda x: f"{x:.4g}", border=0)


def evaluate(
    x: ArrayLike, data: Dataset, *, extractor: FeatureExtractor | None = None, progress: bool | None = None
) -> ScoreTable:
    """Score samples x `[N, D]` against a data set, one tidy row per metric.

    n is the smaller of N and `len(data.reference)`: the first n samples are compared with the first n rows of the
    reference. If no extractor is given, one is trained, once per data set. Warns if samples seem to be in other units
    than the model's range. `progress` says what is going on, by default at a terminal and in a notebook.

    Returns:
        Columns metric, value, stderr, n, reference, better, status, reason.

    Raises:
        CannotFit: the reference half of test has fewer than 6 rows.
        StudyError: x is not an array `[N, D]` of numbers, N is below 6, or data is not a `Dataset`.
    """
    if not isinstance(data, Dataset):
        raise StudyError(f"evaluate: data must be a Dataset, as study.load_dataset gives, got {shown(data)}")
    x = numbers(x, name="evaluate: samples", dtype=None)
    if x.ndim != 2 or x.shape[1] != data.train.shape[1]:
        raise StudyError(f"evaluate: samples must be [N, {data.train.shape[1]}], got {list(x.shape)}")
    if len(x) < _FEWEST:
        raise StudyError(f"evaluate: needs {_FEWEST} samples or more, got {len(x)}")
    if extractor is not None and not hasattr(extractor, "forward"):
        raise StudyError(f"evaluate: extractor must be a FeatureExtractor, got {shown(extractor)}")
    if doubt := other_units(x, data):
        warnings.warn(f"evaluate: {doubt}", stacklevel=2)
    n = min(len(x), len(data.reference))
    with heard(progress):
        if extractor is None:
            with stage("evaluate: feature extractor"):
                extractor = _default_extractor(_ByContent(data.fingerprint, data))
        with stage(f"evaluate: {n:,} samples against as many of {data.name}"):
            rows = Evaluator(data, extractor, n=n).measure(x[:n])
    return ScoreTable(
        [{**dataclasses.asdict(row), "status": row.status} for row in rows],
        columns=["metric", "value", "stderr", "n", "reference", "better", "status", "reason"],
    )
