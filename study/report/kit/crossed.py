"""Trainings and evaluations, the two factors of an interval: from series and tables to seeds × evaluations, and words.

A series of scores is indexed by the training (its seed or run) and, where there are several, by the evaluation.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from study.report import frames
from study.report.text.numbers import listed
from study.report.text.words import in_order, word
from study.statistics import evaluations
from study.statistics.gaps import share_of_gap
from study.statistics.replicates import EVALUATION
from study.tables.results import Results


def by_evaluation(values: pd.Series) -> pd.DataFrame:
    """`[S, E]`: a row per training and a column per evaluation; one column without that index level.

    Raises:
        ValueError: if a training has several values under one evaluation.
    """
    if EVALUATION not in values.index.names:
        return values.to_frame()
    return values.unstack(EVALUATION)  # noqa: PD010


def by_training(table: pd.DataFrame) -> pd.DataFrame:
    """The table indexed by seed and, if it has that column, evaluation."""
    return table.set_index(["seed", *frames.evaluated(table)])


def trainings(table: pd.DataFrame) -> int:
    """The number of trainings in a table with a row for each, or for each of its evaluations."""
    return int(table["seed"].nunique()) if frames.evaluated(table) else len(table)


def share_closed(own: pd.Series, prior: pd.Series, floor: pd.Series) -> pd.Series:
    """What each training and evaluation contributes to the share of the gap (`study.statistics.gaps.share_of_gap`).

    Args:
        own, prior, floor: costs of the strategy, of the prior and of real data, with one index, in which the evaluation
            comes last.

    Returns:
        With the same index; NaN for trainings that lack an evaluation which another has.
    """
    first, *others = (by_evaluation(side) for side in (own, prior, floor))
    found = share_of_gap(*(side.to_numpy(np.float64) for side in (first, *others)))
    if EVALUATION not in own.index.names:
        return pd.Series(found[:, 0], own.index)
    index = pd.MultiIndex.from_product([first.index, first.columns])
    return pd.Series(found.ravel(), index).reindex(own.index)


def covered(results: Results, names: Iterable[str], *, alone: str = " over training runs") -> str:
    """What the intervals of some metrics cover: " over trainings, feature extractors and halves of test".

    With a space before, as it follows "intervals" or "means" in a sentence.

    Args:
        results: with the metrics.
        names: the metrics; those whose evaluations do not differ are named apart.
        alone: what is said if none has several evaluations.
    """
    rows = results.metrics[results.metrics["status"] == "ok"]
    counts = evaluations(rows[rows["metric"].isin(list(names))])
    if not (counts > 1).any():
        return alone
    over = (
        " over trainings and halves of test"
        if _one_extractor(results.provenance)
        else " over trainings, feature extractors and halves of test"
    )
    once = [word(name).label for name in in_order(counts.index[counts == 1], list(names))]
    return over + f" (of {listed(once)} over trainings alone)" * bool(once)


def _one_extractor(facts: Mapping[str, Any]) -> bool:
    """Whether all evaluations are known to share their features: principal components, or a network of the user's."""
    extractor = facts.get("extractor")
    digests = extractor.get("digests") if isinstance(extractor, Mapping) else None
    return isinstance(digests, list) and len(set(map(str, digests))) == 1
