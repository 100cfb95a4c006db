"""Vendi score: the effective number of distinct samples, as a ratio to that of real data."""

import dataclasses

import numpy as np
from jaxtyping import Float

from study.metrics.base import Metric, Prepared, Score
from study.metrics.reference import HALF, Reference


@dataclasses.dataclass(frozen=True)
class Entropy:
    """Von Neumann entropy of a kernel matrix over n, in nats, and its standard error."""

    value: float
    stderr: float


def vendi_entropy(features: Float[np.ndarray, "n f"]) -> Entropy:
    """Entropy of the eigenvalues of K/n, K the cosine kernel of features; the score is its exponential.

    K/n has the same non-zero eigenvalues as the f×f matrix ρ, the mean of uuᵀ over the unit vectors u, so memory does
    not grow with n². Samples whose features are all zero share one extra direction. The standard error is that of
    the mean of -uᵀ (log ρ) u, the influence of one sample.
    """
    x = np.asarray(features, np.float64)
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    empty = norms == 0
    units = np.concatenate([x / np.where(empty, 1, norms), empty], axis=1)
    values, vectors = np.linalg.eigh(units.T @ units / len(x))
    kept = values > np.finfo(np.float64).eps * len(values)
    surprise = (units @ vectors[:, kept]) ** 2 @ -np.log(values[kept])
    return Entropy(float(surprise.mean()), float(surprise.std(ddof=1) / np.sqrt(len(x))))


def vendi(features: Float[np.ndarray, "n f"], entropy: Entropy) -> Score:
    """Vendi score (:cite:`friedman2023` definition 3.1) of features over that of as many real examples.

    One is as diverse as real data, below one is narrower; above one is not better, since noise is diverse too. At equal
    n the bias of the two scores, which grows with the number of directions and falls with n, is nearly the same.
    The standard error covers both sides; it is about a third too large if all directions are equally common, since the
    score is then at its maximum and one sample has no first-order influence.
    """
    own = vendi_entropy(features)
    ratio = np.exp(own.value - entropy.value)
    return Score(ratio, ratio * np.hypot(own.stderr, entropy.stderr))


def _prepare(real: Reference) -> Prepared:
    entropy = vendi_entropy(real.features)
    return Prepared(f"{HALF}, {real.view}", lambda samples: vendi(samples.features, entropy))


VENDI = Metric(
    "vendi",
    label="Vendi ratio",
    summary=("Vendi score of the features (effective number of distinct samples) over that of the reference"),
    source="Friedman & Dieng 2023",
    better="one",
    meaning=(
        "effective number of distinct samples (exponential of the entropy of the cosine kernel of the "
        "features) over that of as many real data: 1 is as diverse as real, less is narrower"
    ),
    prepare=_prepare,
)
