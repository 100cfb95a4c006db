"""The rule of thumb: how much of the gap leaving the prior can close, and how much of that is copying.

Both are read off one number. The rate R is what an encoder says of an example, in nats, and log N is what it takes to
name one of N training examples; where R is far below log N the posteriors lie over each other and q(z) can be as smooth
as the prior, and where it is far above, q(z) is N islands. So x = R / log N, and each quantity follows a curve
xᵖ / (hᵖ + xᵖ) with two constants: x where it is one half, and how steep it is. They were fitted on MNIST with 60,000
examples and fixed here before there were results on Fashion-MNIST and on colour patches.

Before there is a model, s takes the place of R: a linear VAE with the noise variance s has at its optimum the rate
½ Σ log(λⱼ / s) over those of its latents whose eigenvalue λⱼ of the data's covariance is above s :cite:`lucas2019`.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from study.claims.base import IMAGES
from study.claims.evidence import Evidence, Scored
from study.claims.measures import PLAIN, fact
from study.statistics.estimates import crossed
from study.statistics.gaps import share_of_gap
from study.tables import schemas

Quantity = Literal["posteriors", "mixture", "copied", "inauthentic"]
Source = Literal["rate", "s"]
FITTED_ON, ROWS = "mnist", 60_000
FITTED_IN = ("gap_ladder", "decoder_noise", "learned_priors", "memorisation", "conditional")
MEASURED_IN = (
    *FITTED_IN,
    *("sampling_strategies", "latent_dimension", "reconstruction_weight", "training_size"),
    *("published_contradiction", "architectures"),
)
SPECTRA = "spectra.csv"
LEAST_RATE = 0.5  # nats: below it nothing is encoded, and there is no share to speak of
READ = {**PLAIN, "likelihood": "gaussian"}  # the models that have an s and samples from means of the decoder
STRATEGY: Mapping[str, str] = {"posteriors": "posterior", "mixture": "gmm"}
# The first was declared. The second was added when all results were known, since the first was found to flag noise too;
# no curve was fitted to it.
COPYING: Mapping[Quantity, str] = {"copied": "nearer_to_train", "inauthentic": "authenticity"}


@dataclasses.dataclass(frozen=True)
class Curve:
    """xᵖ / (hᵖ + xᵖ).

    Attributes:
        half: h, where the curve is one half.
        power: p, how steep it is.
    """

    half: float
    power: float

    def at(self, x: np.ndarray) -> np.ndarray:
        """The share at x = R / log N; any shape."""
        return np.asarray(x**self.power / (self.half**self.power + x**self.power))


RULE: Mapping[tuple[Quantity, Source], Curve] = {
    ("posteriors", "rate"): Curve(0.937, 1.303),
    ("mixture", "rate"): Curve(1.098, 1.311),
    ("copied", "rate"): Curve(1.774, 1.570),
    ("posteriors", "s"): Curve(0.751, 1.221),
    ("mixture", "s"): Curve(0.893, 1.250),
    ("copied", "s"): Curve(1.496, 1.644),
}


def linear_rate(eigenvalues: np.ndarray, *, s: float, latent_dim: int) -> float:
    """The rate in nats of a linear VAE at its optimum, ½ Σ log(λⱼ / s) over the active ones of its latents.

    Args:
        eigenvalues: `[k]`, of the covariance of the training data, the largest first.
        s: noise variance of the decoder, β/(2α).
        latent_dim: number of latents.
    """
    active = eigenvalues[:latent_dim][eigenvalues[:latent_dim] > s]
    return float(0.5 * np.log(active / s).sum())


def fit(x: np.ndarray, shares: np.ndarray) -> Curve:
    """The curve with the least squares of its errors at points `x` `[n]` with `shares` `[n]`."""
    from scipy.optimize import least_squares

    def errors(at: np.ndarray) -> np.ndarray:
        return Curve(*np.exp(at)).at(x) - shares

    return Curve(*(float(value) for value in np.exp(least_squares(errors, np.zeros(2)).x)))


def fitted_to(points: pd.DataFrame) -> pd.Series:
    """For each row of the predictions table, whether the curves of `RULE` were fitted to it."""
    of = points["experiment"].isin(FITTED_IN) & points["n_train"].eq(ROWS)
    return points["dataset"].eq(FITTED_ON) & of


def fitted(points: pd.DataFrame) -> dict[tuple[Quantity, Source], Curve]:
    """The curves that `RULE` holds, from the rows of the predictions table that they were fitted to."""
    own = points[fitted_to(points)]
    found: dict[tuple[Quantity, Source], Curve] = {}
    for quantity, source in RULE:
        rows = own[own["quantity"] == quantity]
        rate = rows["rate" if source == "rate" else "linear_rate"]
        known = rate.notna().to_numpy()
        x = (rate / np.log(rows["n_train"])).to_numpy()[known]
        found[quantity, source] = fit(x, rows["measured"].to_numpy()[known])
    return found


def predictions(every: Iterable[Evidence], spectra: pd.DataFrame) -> pd.DataFrame:
    """The columns of `schemas.RULE`: what was measured at each place that has a gap, and what the rule says of it.

    Args:
        every: the evidence of all experiments.
        spectra: the columns dataset, rank and eigenvalue; a data set that it lacks has no prediction from s.
    """
    of = {
        name: rows.sort_values("rank")["eigenvalue"].to_numpy() for name, rows in spectra.groupby("dataset")
    }
    images = [one for one in every if one.dataset in IMAGES]
    rows = [row for one in images for row in _rows(one, of.get(one.dataset))]
    return schemas.conform(pd.DataFrame(rows, columns=[*schemas.RULE]), "rule")


def read_spectra(root: Path) -> pd.DataFrame:
    """The spectra that `experiments/benchmarks/spectra.py` wrote below the folder of all results; empty without."""
    if not (root / SPECTRA).is_file():
        return pd.DataFrame(columns=["dataset", "rank", "eigenvalue"])
    return pd.read_csv(root / SPECTRA)


def _rows(one: Evidence, eigenvalues: np.ndarray | None) -> Iterator[dict[str, Any]]:
    rates = {_key(rate.place): float(rate.values.mean()) for rate in fact("rate", where=READ)(one)}
    near = {
        quantity: {_key(found.place): found for found in one.scored(metric)}
        for quantity, metric in COPYING.items()
    }
    for found in one.scored("kid"):
        place = found.place
        rate = rates.get(_key(place), np.nan)
        if found.state != "ok" or not rate > LEAST_RATE:
            continue
        s, n, latent_dim = float(place["noise_variance"]), int(place["n_train"]), int(place["latent_dim"])
        linear = np.nan
        if eigenvalues is not None and latent_dim <= len(eigenvalues):
            linear = linear_rate(eigenvalues, s=s, latent_dim=latent_dim)
        here = {quantity: by.get(_key(place)) for quantity, by in near.items()}
        for quantity, values in _measured(found, here):
            means = crossed(values)
            low, high = means.ends()
            yield {
                "dataset": one.dataset, "experiment": one.experiment, "network": place["network"],
                "latent_dim": latent_dim, "n_train": n, "s": s, "rate": rate, "linear_rate": linear,
                "quantity": quantity, "measured": float(means.mean), "low": float(low), "high": float(high),
                "from_rate": _said(quantity, "rate", rate, n), "from_s": _said(quantity, "s", linear, n),
            }  # fmt: skip


def _key(place: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(value) for value in place.values())


def _measured(found: Scored, near: Mapping[Quantity, Scored | None]) -> Iterator[tuple[Quantity, np.ndarray]]:
    """`[S, E]` contributions to each quantity, as far as it was measured."""
    for quantity in ("posteriors", "mixture"):
        share = found.share(STRATEGY[quantity])
        if share is not None:
            yield quantity, share
    for quantity, scores in near.items():
        if scores is not None:
            own, real, copies = (scores.value(name) for name in ("posterior", "held-out", "copycat"))
            if own is not None and real is not None and copies is not None:
                yield quantity, share_of_gap(own, real, copies)


def _said(quantity: Quantity, source: Source, rate: float, n: int) -> float:
    curve = RULE.get((quantity, source))
    return float(curve.at(np.asarray(rate / np.log(n)))) if curve and rate >= 0 else np.nan


def errors(points: pd.DataFrame) -> pd.DataFrame:
    """How far the rule is off, in shares, for each data set and quantity.

    Returns:
        The columns dataset, seen (the curve was fitted to these points), fewer (of the data set that it was fitted to,
        but with fewer training examples), quantity, source, settings, error (mean of |predicted − measured|), bias
        (mean of predicted − measured) and worst (largest |predicted − measured|).
    """
    names, rows = ["dataset", "seen", "fewer", "quantity"], []
    for source in ("rate", "s"):
        off = points[f"from_{source}"] - points["measured"]
        fewer = points["dataset"].eq(FITTED_ON) & points["n_train"].lt(ROWS)
        parts = points.assign(off=off, seen=fitted_to(points), fewer=fewer).dropna(subset=["off"])
        for of, own in parts.groupby(names, sort=False):
            rows.append(
                {
                    **dict(zip(names, of, strict=True)), "source": source, "settings": len(own),
                    "error": own["off"].abs().mean(), "bias": own["off"].mean(), "worst": own["off"].abs().max(),
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=[*names, "source", "settings", "error", "bias", "worst"])
