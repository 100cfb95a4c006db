"""How much faster is the exact log q(z) than blocked NumPy broadcasting in float32, and is it as accurate?

10,000 draws against 60,000 posteriors in 16 dimensions: 6·10⁸ pairs. NumPy is timed on a part of the draws and
scaled up: in blocks of a few draws against all posteriors, as it is usually written, and in blocks that fit a core's
cache, its best case. Both run in turn on one machine; if that is busy with other work, use the ratio of processor
seconds. Errors are against float64.

    python experiments/benchmarks/density.py            three minutes on two cores; writes results/benchmarks/
"""

import jax
import numpy as np
from scipy.special import logsumexp

from experiments.benchmarks.timing import Timing, arguments, in_turn, write
from study import AggregatePosterior, Latents
from study.runtime.environment import use_all_cores

EXAMPLES, DRAWS, DIMENSIONS = 60_000, 10_000, 16
SIGMAS = (1.0, 0.5, 0.2, 0.1, 0.03, 0.01)
PART = 200  # draws on which NumPy is timed
ROWS = 8  # draws in a NumPy block
CACHED = 2000  # posteriors in a block that fits the cache: 1 MB


def posteriors(sigma: float) -> Latents:
    """Posteriors with standard deviations around σ whose aggregate is near the prior."""
    rng = np.random.default_rng(0)
    mean = rng.normal(size=(EXAMPLES, DIMENSIONS)) * np.sqrt(max(1 - sigma**2, 0.01))
    return Latents(mean, 2 * np.log(sigma * np.exp(0.2 * rng.normal(size=mean.shape))))


def broadcasting(
    z: np.ndarray, latents: Latents, columns: int = EXAMPLES, dtype: type = np.float32
) -> np.ndarray:
    """log q(z) by NumPy broadcasting in blocks `[ROWS, columns, d]`, `[M]`."""
    z, mean, log_var = (a.astype(dtype) for a in (z, latents.mean, latents.log_var))
    inverse = np.exp(-0.5 * log_var)
    scale = (-0.5 * (log_var + np.log(2 * np.pi)).sum(1) - np.log(latents.n)).astype(dtype)
    parts = []
    for i in range(0, len(z), ROWS):
        sums = []
        for j in range(0, latents.n, columns):
            scaled = (z[i : i + ROWS, None] - mean[j : j + columns]) * inverse[j : j + columns]
            sums.append(logsumexp(scale[j : j + columns] - 0.5 * np.square(scaled).sum(2), axis=1))
        parts.append(logsumexp(sums, axis=0))
    return np.concatenate(parts)


def compare(sigma: float, columns: int, repeats: int) -> Timing:
    """Time both; half of the draws are from q(z), half from the prior."""
    q = AggregatePosterior(posteriors(sigma))
    prior = np.asarray(jax.random.normal(jax.random.key(1), (DRAWS // 2, DIMENSIONS)))
    z = np.concatenate([q.sample(jax.random.key(0), n=DRAWS // 2), prior])
    some = z[:: DRAWS // PART]
    found = q.log_prob(z)
    error = np.abs(found[:: DRAWS // PART] - broadcasting(some, q.latents, CACHED, np.float64)).max()
    case = f"sigma={sigma:g}" + (", cached blocks" if columns == CACHED else "")
    ways = (lambda: q.log_prob(z)), (lambda: broadcasting(some, q.latents, columns))
    return in_turn(case, *ways, repeats=repeats, scale=DRAWS / PART, error=float(error))


if __name__ == "__main__":
    use_all_cores()
    chosen = arguments(__doc__)
    cases = [(sigma, EXAMPLES) for sigma in SIGMAS] + [(sigma, CACHED) for sigma in (SIGMAS[0], SIGMAS[-1])]
    write("density", "numpy", [compare(*case, chosen.repeats) for case in cases], folder=chosen.out)
