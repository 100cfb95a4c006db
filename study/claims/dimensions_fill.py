"""Few latent dimensions can be filled; with many, the draws needed grow exponentially and images blur.

Means: From the smallest to the largest number of latent dimensions, the draws from N(0, I) that it takes to hit once
where codes are at least doubles, samples from the prior cover less of the real data, and they lose fine detail
against reconstructions of the same model.
Reads: `metrics.parquet` of `latent_dimension`, models that differ in latent_dim alone: hole_mass of the model;
strategies prior and reconstruction, metrics coverage and sharpness.
Effect: The changes of log 1/(1 − hole mass), of coverage (in points), and of sharpness of the prior less that of
reconstructions (as a ratio to real data).
Matters: log 2, one doubling, since growth that is exponential in d doubles again and again; 5 points of coverage;
0.05 of real data's detail.
Supports: The first lies above log 2, the others below −0.05.
Refutes: The first lies below log 2, the others above −0.05.
"""

import math

import numpy as np
import pandas as pd

from study.claims.base import Claim, Measure
from study.claims.measures import change, difference, fact, value

READS = ("latent_dimension",)


def _draws_needed(models: pd.DataFrame) -> pd.Series:
    """Logarithm of the number of prior draws for one that lies where codes are."""
    return -np.log((1 - models["hole_mass"]).clip(lower=1e-6))


CLAIM = Claim(
    number=15,
    said_by="sfotiadis",
    declared=__doc__ or "",
    tests=(
        Measure(
            "hole_mass",
            "rise of log 1/(1 − hole mass)",
            change(fact(_draws_needed), axis="latent_dim"),
            math.log(2),
            "above",
            READS,
            "plain",
        ),
        Measure(
            "coverage",
            "change of the prior's coverage",
            change(value("prior", "coverage"), axis="latent_dim"),
            -0.05,
            "below",
            READS,
            "points",
        ),
        Measure(
            "sharpness",
            "change of sharpness of `prior` less `reconstruction`",
            change(difference("prior", "sharpness", minus="reconstruction"), axis="latent_dim"),
            -0.05,
            "below",
            READS,
            "plain",
        ),
    ),
)
