"""Fidelity beyond the first moments: FD∞, Vendi, sliced W₂, C2ST, confidence and the view on pixels."""

import jax
import numpy as np

from study.metrics.base import Measurement
from study.metrics.c2st import c2st
from study.metrics.classes import confidence
from study.metrics.features import FeatureExtractor
from study.metrics.frechet import Moments, fd
from study.metrics.infinity import SubsetMoments, enough, fd_infinity
from study.metrics.kid import KernelReference, kid
from study.metrics.sliced import Quantiles, sliced_w2
from study.metrics.vendi import vendi, vendi_entropy


class Fidelity:
    """Everything on the reference's side, computed once.

    Args:
        real: `[n, D]` of the reference.
        features: `[n, f]` of the same rows.
        probabilities: `[n, C]` of the same rows, None where there is no classifier.
        pixels: the second view's extractor.
        half: what to call the reference.
        view: what to call the features.
        span: of overlapping windows, see `folds`.
    """

    def __init__(
        self,
        real: np.ndarray,
        features: np.ndarray,
        probabilities: np.ndarray | None,
        *,
        pixels: FeatureExtractor,
        half: str,
        view: str,
        span: int = 0,
    ) -> None:
        self._span = span
        n, dimensions = features.shape
        self._features = features
        self._subsets = None if enough(n=n, dimensions=dimensions) else SubsetMoments.of(features)
        self._entropy = vendi_entropy(features)
        self._quantiles = Quantiles.of(features, key=jax.random.key(0))
        self._pixels = pixels
        components = pixels.features(real)
        self._pixel_moments = Moments.of(components)
        self._pixel_kernel = KernelReference.of(components)
        sure = f": {probabilities.max(axis=1).mean():.3f} there" if probabilities is not None else ""
        self.references = dict.fromkeys(("fd_infinity", "vendi", "sliced_w2", "c2st"), f"{half}, {view}") | {
            "confidence": f"{half}{sure}",
            "fd_pixels": f"{half}, PCA of pixels",
            "kid_pixels": f"{half}, PCA of pixels",
        }

    def measure(
        self, x: np.ndarray, features: np.ndarray, probabilities: np.ndarray | None
    ) -> list[Measurement]:
        """Rows of samples x `[n, D]` with their features `[n, f]` and class probabilities, in `METRICS`' order."""
        names, components = self.references, self._pixels.features(x)
        return [
            fd_infinity(features, self._subsets, reference=names["fd_infinity"]),
            vendi(features, self._entropy, reference=names["vendi"]),
            sliced_w2(features, self._quantiles, reference=names["sliced_w2"]),
            c2st(features, self._features, reference=names["c2st"], span=self._span),
            confidence(probabilities, n=len(x), reference=names["confidence"]),
            fd(components, self._pixel_moments, reference=names["fd_pixels"], name="fd_pixels"),
            kid(components, self._pixel_kernel, reference=names["kid_pixels"], name="kid_pixels"),
        ]
