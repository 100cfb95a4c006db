"""How much faster are our precision, recall, density and coverage than the package prdc, and do they agree?

10,000 samples against 10,000 reference samples with 64 features. prdc is timed on one call with k = 5, although the
same four values need a second call with k = 3. Both run in turn on all cores of one machine. The error is the largest
difference of the four values; precision and recall are compared with prdc's at k = 3. With tied distances (`integers`)
the values differ, since prdc's balls are open and ours are closed.

    python experiments/benchmarks/manifold.py           two minutes on two cores; writes results/benchmarks/
"""

import contextlib
import io

import numpy as np
from prdc import compute_prdc

from experiments.benchmarks.timing import Timing, arguments, in_turn, write
from study.metrics.manifold import DENSITY_K, PRECISION_K, Manifold, manifold_metrics

N, FEATURES = 10_000, 64


def normal(rng: np.random.Generator) -> np.ndarray:
    """Isotropic samples: the hardest case for neighbour search."""
    return rng.normal(size=(N, FEATURES)).astype(np.float32)


def rectified(rng: np.random.Generator) -> np.ndarray:
    """Features like those of a classifier's last hidden layer: correlated, half of them zero."""
    mix = np.random.default_rng(0).normal(size=(10, FEATURES))
    return np.maximum(rng.normal(size=(N, 10)) @ mix, 0).astype(np.float32)


def integers(rng: np.random.Generator) -> np.ndarray:
    """Small integers with many repeats: ties everywhere, and exact in any arithmetic."""
    few = rng.integers(0, 3, size=(N // 2, FEATURES))
    return few[rng.integers(0, len(few), N)].astype(np.float32)


def ours(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
    """The four values, including the preparation of the reference."""
    return {name: float(score.value) for name, score in manifold_metrics(x, Manifold.of(y)).items()}


def theirs(x: np.ndarray, y: np.ndarray, k: int) -> dict[str, float]:
    """One call of prdc, with its printed output suppressed."""
    with contextlib.redirect_stdout(io.StringIO()):
        return {name: float(value) for name, value in compute_prdc(y, x, k).items()}


def compare(name: str, repeats: int) -> Timing:
    """Time both on one pair of sets."""
    x, y = (globals()[name](np.random.default_rng(seed)) for seed in (1, 2))
    five = theirs(x, y, DENSITY_K)
    expected = {
        **five,
        **{k: v for k, v in theirs(x, y, PRECISION_K).items() if k in ("precision", "recall")},
    }
    error = max(abs(value - expected[metric]) for metric, value in ours(x, y).items())
    ways = (lambda: ours(x, y)), (lambda: theirs(x, y, DENSITY_K))
    return in_turn(name, *ways, repeats=repeats, error=error)


if __name__ == "__main__":
    chosen = arguments(__doc__)
    rows = [compare(name, chosen.repeats) for name in ("normal", "rectified", "integers")]
    write("manifold", "prdc", rows, folder=chosen.out)
