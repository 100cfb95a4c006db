"""Tests that several claims share."""

import dataclasses

import numpy as np
import pandas as pd

from study.claims.base import MAIN, Effects, Measure
from study.claims.measures import fact, per_model
from study.tables.bins import BINS

READS = (*MAIN, "gap_ladder")


def _largest(name: str) -> Effects:
    """The largest value of a column of `latents` over the dimensions of a model."""
    return per_model("latents", lambda rows: float(rows[name].max()))


FARTHEST = {name: _largest(name) for name in ("w1", "ks")}


def _inside(rows: pd.DataFrame) -> float:
    """The share of prior draws inside the manifold of real data: in the upper half of the bins less in the lower."""
    own = rows[rows["source"] == "prior"]
    upper = own["bin"] >= (BINS / 2)
    shares = [
        part["inside"].sum() / part["draws"].sum() if len(part) else np.nan
        for part in (own[upper], own[~upper])
    ]
    return float(shares[0] - shares[1])


C2ST = Measure(
    "latent_c2st",
    "AUC that tells codes from prior draws, less ½",
    fact(lambda m: m["latent_c2st"] - 0.5),
    0.05,
    "above",
    READS,
    "points",
)
HOLES = Measure(
    "hole_mass",
    "prior draws where there are no codes, less 1 %",
    fact(lambda m: m["hole_mass"] - 0.01),
    0.05,
    "above",
    READS,
    "points",
)
INSIDE = Measure(
    "inside",
    "prior draws that look real, where codes are dense less elsewhere",
    per_model("draws", _inside),
    0.05,
    "above",
    READS,
    "points",
)


def resembles(test: Measure) -> Measure:
    """The same number, where the claim is that it is small."""
    return dataclasses.replace(test, supports="below")
