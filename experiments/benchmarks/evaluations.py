"""Does the interval of an effect cover what fresh feature extractors and fresh halves of test data give?

    study run sampling_strategies --profile quick --evaluations 28 --out results/many/digits-quick
    python -m experiments.benchmarks.evaluations results/many/digits-quick > results/evaluations.csv

Each repetition takes some evaluations of a results folder at random for the intervals, and ten others as fresh ones. An
interval covers the true mean over all evaluations; the mean of ten fresh ones has an error of its own, by which the
interval is widened for that comparison, and so has a single fresh one.
"""

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.special import stdtrit

from study.statistics.estimates import LEVEL, Means, crossed
from study.statistics.gaps import gaps
from study.statistics.scores import Scores, scores
from study.tables.names import MODEL, REFERENCES
from study.tables.results import load_results

METRIC = "kid"
FRESH = 10
REPETITIONS = 200
COLUMNS = ["strategy", "interval", "effects", "nominal", "covered", "repetitions"]


def main(folder: Path) -> pd.DataFrame:
    """How often the intervals of each strategy's average effect cover the effects of evaluations that were left out.

    Returns:
        Columns strategy, interval ("trainings and evaluations" or "trainings"), effects ("mean of 10 fresh" or "one
        fresh"), nominal, covered (share), repetitions.
    """
    metrics = load_results(folder).metrics
    (of,) = scores(metrics[metrics["metric"] == METRIC])
    names = [name for name in of.strategies if name not in (*REFERENCES, MODEL, "prior")]
    rng, found = np.random.default_rng(0), []
    for _ in range(REPETITIONS):
        order = rng.permutation(of.values.shape[-1])
        found += [row for name in names for row in _covered(of, name, order)]
    table = pd.DataFrame(found)
    return table.groupby(COLUMNS[:3], sort=False)["covered"].agg(["mean", "size"]).reset_index().assign(
        nominal=LEVEL
    ).rename(columns={"mean": "covered", "size": "repetitions"})[COLUMNS]  # fmt: skip


def _covered(of: Scores, name: str, order: np.ndarray) -> Iterator[dict[str, Any]]:
    fresh, kept = order[:FRESH], order[FRESH : FRESH + 8]
    here = _effect(of, name, kept)
    later = [float(np.nanmean(_effect(of, name, part))) for part in (fresh, fresh[:1])]
    both, alone = crossed(here), crossed(here.mean(-1, keepdims=True))
    for effects, truth, n in (("mean of 10 fresh", later[0], FRESH), ("one fresh", later[1], 1)):
        wider = (
            1 + len(kept) / n
        )  # the variance of a mean of n fresh ones is len(kept) / n times that of these
        reach = _reach(both, math.hypot(_own(both), float(both.shared) * math.sqrt(wider)))
        yield _row(name, "trainings and evaluations", effects, abs(truth - float(both.mean)) <= reach)
        yield _row(
            name, "trainings", effects, abs(truth - float(alone.mean)) <= _reach(alone, float(alone.error))
        )


def _effect(of: Scores, name: str, evaluations: np.ndarray) -> Float[np.ndarray, "S E"]:
    """Contributions to the average share of the gap, under some evaluations."""
    part = type(of)(
        **{**vars(of), "values": of.values[..., evaluations], "errors": of.errors[..., evaluations]}
    )
    return np.asarray(gaps(part).whole[of.strategies.index(name)])


def _own(found: Means) -> float:
    return math.sqrt(max(float(found.error) ** 2 - float(found.shared) ** 2, 0.0))


def _reach(found: Means, error: float) -> float:
    return float(stdtrit(found.freedom, (1 + LEVEL) / 2)) * error


def _row(name: str, interval: str, effects: str, covered: bool) -> dict[str, Any]:
    return {"strategy": name, "interval": interval, "effects": effects, "covered": covered}


if __name__ == "__main__":
    main(Path(sys.argv[1])).to_csv(sys.stdout, index=False, float_format="%.4f")
