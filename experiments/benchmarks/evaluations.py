"""Does the interval of an effect cover what fresh feature extractors, fresh halves of test and fresh trainings give?

    study run sampling_strategies --profile quick --evaluations 28 --seeds 10 --out results/many/digits-quick
    python -m experiments.benchmarks.evaluations results/many/digits-quick > results/evaluations.csv

Each repetition takes some evaluations and half of the trainings of a results folder at random for the intervals, and
others as fresh ones. An interval covers the true mean over all evaluations and trainings; a mean of a few fresh ones
has an error of its own, by which the interval is widened. Repetitions choose among the same models and extractors, so
that they are not independent.
"""

import dataclasses
import itertools
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from study.statistics.estimates import LEVEL, Means, crossed
from study.statistics.gaps import gaps
from study.statistics.scores import Scores, scores
from study.tables.names import MODEL, REFERENCES
from study.tables.results import load_results

METRIC = "kid"
FRESH, KEPT = 10, 8
REPETITIONS = 200
COLUMNS = ["strategy", "interval", "effects", "nominal", "covered", "repetitions"]


def main(folder: Path) -> pd.DataFrame:
    """How often the intervals of each strategy's average effect cover effects of evaluations that were left out.

    Returns:
        Columns strategy, interval ("trainings and evaluations" or "trainings alone"), effects (of the same trainings or
        of fresh ones, under ten fresh evaluations or one), nominal, covered (share), repetitions.
    """
    metrics = load_results(folder).metrics
    (of,) = scores(metrics[metrics["metric"] == METRIC])
    names = [name for name in of.strategies if name not in (*REFERENCES, MODEL, "prior")]
    rng, found = np.random.default_rng(0), []
    for _ in range(REPETITIONS):
        seeds, evaluations = (rng.permutation(n) for n in of.values.shape[-2:])
        found += [row for name in names for row in _covered(of, name, seeds, evaluations)]
    table = pd.DataFrame(found)
    return table.groupby(COLUMNS[:3], sort=False)["covered"].agg(["mean", "size"]).reset_index().assign(
        nominal=LEVEL
    ).rename(columns={"mean": "covered", "size": "repetitions"})[COLUMNS]  # fmt: skip


def _covered(of: Scores, name: str, seeds: np.ndarray, evaluations: np.ndarray) -> Iterator[dict[str, Any]]:
    half = len(seeds) // 2
    own, kept = seeds[:half], evaluations[FRESH : FRESH + KEPT]
    here = _effect(of, name, own, kept)
    intervals = {
        "trainings and evaluations": crossed(here),
        "trainings alone": crossed(here.mean(-1, keepdims=True)),
    }
    for (trainings, chosen, more), n in itertools.product(
        (("the same trainings", own, 0.0), ("fresh trainings", seeds[half:], half / (len(seeds) - half))),
        (FRESH, 1),
    ):
        truth = float(_effect(of, name, chosen, evaluations[:n]).mean())
        for interval, found in intervals.items():
            reach = _reach(found, trainings=1 + more, evaluations=1 + len(kept) / n)
            effects = f"{trainings}, {n} fresh evaluation{'s' * (n > 1)}"
            yield {
                "strategy": name, "interval": interval, "effects": effects,
                "covered": abs(truth - float(found.mean)) <= reach,
            }  # fmt: skip


def _effect(of: Scores, name: str, seeds: np.ndarray, evaluations: np.ndarray) -> Float[np.ndarray, "S E"]:
    """Contributions to the average share of the gap, of some trainings under some evaluations."""
    place = np.ix_(*map(np.arange, of.values.shape[:-2]), seeds, evaluations)
    part = dataclasses.replace(of, seeds=of.seeds[seeds], values=of.values[place], errors=of.errors[place])
    return np.asarray(gaps(part).whole[of.strategies.index(name)])


def _reach(found: Means, *, trainings: float, evaluations: float) -> float:
    """Half the width of the interval, the variances of both parts multiplied by these factors."""
    own = math.sqrt(max(float(found.error) ** 2 - float(found.shared) ** 2, 0.0) * trainings)
    shared = float(found.shared) * math.sqrt(evaluations)
    wider = found._replace(error=np.asarray(math.hypot(own, shared)), shared=np.asarray(shared))
    return float(wider.reach(1 - LEVEL))


if __name__ == "__main__":
    main(Path(sys.argv[1])).to_csv(sys.stdout, index=False, float_format="%.4f")
