"""What does every strategy cost to fit and to sample from?

60,000 codes in 16 dimensions, in ten clusters of unequal size and shape, and 6,000 for validation, similar to those of
an encoder of MNIST. Each strategy is fitted once with its defaults; `fit_seconds` includes compilation. 10,000 draws
and 10,000 log-densities are timed after compilation, as medians over the repeats. Also included: `gmm` with K = 10, as
in most papers, on the default of 20,000 codes and on all 60,000; `ncp` with Langevin chains; and `flow` in the form
that is not its default.

    python experiments/benchmarks/strategies.py               minutes; writes results/benchmarks/strategies.csv
    python experiments/benchmarks/strategies.py --only gmm kde
"""

import argparse
import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pandas as pd

from experiments.benchmarks.written import timed, write_table
from study import Latents
from study.errors import StudyError
from study.runtime.environment import use_all_cores
from study.strategies import REGISTRY, strategy

CODES, VALIDATION, DIMENSIONS, DRAWS = 60_000, 6_000, 16, 10_000
FURTHER: dict[str, list[dict[str, Any]]] = {
    "gmm": [{"n_components": 10}, {"n_components": 10, "max_codes": CODES}],
    "flow": [{"form": "spline-coupling"}],
    "ncp": [{"sampler": "langevin"}],
}


@dataclasses.dataclass(frozen=True)
class Cost:
    """The costs of one strategy.

    Attributes:
        strategy, hyperparameters: its name, and its fields as JSON; empty for the defaults.
        fit_seconds, fit_cpu_seconds: wall-clock time, and processor time over all cores.
        draw_seconds: wall-clock time of 10,000 draws.
        log_prob_seconds: wall-clock time of 10,000 log-densities; NaN without a density.
        reason: why it could not be fitted, or empty.
    """

    strategy: str
    hyperparameters: str
    fit_seconds: float = np.nan
    fit_cpu_seconds: float = np.nan
    draw_seconds: float = np.nan
    log_prob_seconds: float = np.nan
    reason: str = ""


def codes(n: int, seed: int) -> Latents:
    """n posteriors in ten clusters, which are the same for every seed."""
    fixed, rng = np.random.default_rng(0), np.random.default_rng([seed, 1])
    means = 0.8 * fixed.normal(size=(10, DIMENSIONS))
    roots = 0.2 * fixed.normal(size=(10, DIMENSIONS, DIMENSIONS))
    label = rng.choice(10, n, p=np.arange(1, 11) / 55)
    mean = means[label] + np.einsum("nij,nj->ni", roots[label], rng.normal(size=(n, DIMENSIONS)))
    return Latents(mean, rng.normal(-2.0, 0.3, mean.shape), label)


def cost(name: str, fields: dict[str, Any], repeats: int) -> Cost:
    """Time fitting, sampling and log-densities of a strategy."""
    said = json.dumps(fields) if fields else ""
    train, validation = codes(CODES, 1), codes(VALIDATION, 2)
    fitted: list[Any] = []
    try:
        fit = timed(
            lambda: fitted.append(
                strategy(name, **fields).fit(jax.random.key(0), train, validation=validation)
            )
        )
    except StudyError as error:
        return Cost(name, said, reason=str(error))
    draw = _median(lambda: fitted[0].sample(jax.random.key(1), n=DRAWS), repeats)
    z = fitted[0].sample(jax.random.key(2), n=DRAWS)
    scored = _median(lambda: fitted[0].log_prob(z), repeats) if hasattr(fitted[0], "log_prob") else np.nan
    return Cost(name, said, *fit, draw, scored)


def _median(way: Callable[[], object], repeats: int) -> float:
    """Median wall-clock seconds, after one call that may compile."""
    return float(np.median([timed(way)[0] for _ in range(repeats + 1)][1:]))


if __name__ == "__main__":
    use_all_cores()
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"))
    parser.add_argument("--only", nargs="+", default=list(REGISTRY), metavar="NAME")
    chosen = parser.parse_args()
    rows = []
    for name in chosen.only:
        for fields in ({}, *FURTHER.get(name, [])):
            rows.append(cost(name, fields, chosen.repeats))
            print(rows[-1], flush=True)
    write_table("strategies", pd.DataFrame([dataclasses.asdict(row) for row in rows]), folder=chosen.out)
