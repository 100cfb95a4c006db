"""Similar inputs get similar codes, even in one latent dimension.

Means: With one latent number, the training codes nearest to the code of an unseen example belong to its class far
more often than by chance, and the farther apart two examples are, the farther apart are their codes.
Reads: `similar.csv`, which `latent_maps` writes beside `metrics.parquet`, models with latent_dim 1: columns same
class (share of the five nearest training codes of the class of a test code), chance (the same for codes without
order) and distances (rank correlation between distances of test examples in pixels and of their codes).
Effect: The share of neighbours of the same class less chance, in points, and the rank correlation of distances.
Matters: 10 points, which double the chance of ten classes; and 0.2, below which one distance says next to nothing of
the other.
Supports: The effects lie above these.
Refutes: They lie below.
"""

from collections.abc import Callable

import pandas as pd

from study.claims.base import LABELLED, Claim, Measure
from study.claims.measures import PLAIN, per_model

READS = ("latent_maps",)
ONE = {**PLAIN, "latent_dim": 1}


def _mean(of: Callable[[pd.DataFrame], pd.Series]) -> Callable[[pd.DataFrame], float]:
    return lambda rows: float(of(rows).mean())


CLAIM = Claim(
    number=10,
    said_by="sfotiadis",
    declared=__doc__ or "",
    tests=(
        Measure(
            "same class",
            "neighbours of the same class less chance, one latent",
            per_model("similar", _mean(lambda rows: rows["same class"] - rows["chance"]), where=ONE),
            0.1,
            "above",
            READS,
            "points",
        ),
        Measure(
            "distances",
            "rank correlation of distances between examples and between codes, one latent",
            per_model("similar", _mean(lambda rows: rows["distances"]), where=ONE),
            0.2,
            "above",
            READS,
            "plain",
        ),
    ),
    datasets=LABELLED,
)
