"""Rank correlation over trained models, with an interval that keeps the seeds of one setting together."""

import numpy as np
import pandas as pd

RESAMPLES = 2000


def spearman(x: pd.Series, y: pd.Series, *, groups: pd.DataFrame) -> tuple[float, float, float]:
    """Spearman's ρ of `x [m]` and `y [m]` with a 95 % percentile interval; NaN if undefined.

    The bootstrap is hierarchical: settings (the distinct rows of `groups`) are resampled with replacement, then
    models within each resampled setting. With fewer than 3 settings there is no interval.
    """
    a, b = np.asarray(x, float), np.asarray(y, float)
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return (np.nan,) * 3
    first, second = _places(a), _places(b)
    rho = _correlation(_ranks(first), _ranks(second))
    code = groups.groupby(list(groups.columns), sort=True).ngroup().to_numpy()
    members = [np.flatnonzero(code == g) for g in range(code.max() + 1)]
    if len(members) < 3:
        return float(rho), np.nan, np.nan
    generator = np.random.default_rng(0)
    values = np.empty(RESAMPLES)
    for r in range(RESAMPLES):
        drawn = generator.integers(len(members), size=len(members))
        index = np.concatenate(
            [members[g][generator.integers(len(members[g]), size=len(members[g]))] for g in drawn]
        )
        values[r] = _correlation(_ranks(first[index]), _ranks(second[index]))
    low, high = np.nanquantile(values, [0.025, 0.975])
    return float(rho), float(low), float(high)


def _places(a: np.ndarray) -> np.ndarray:
    """Where each value stands among the distinct ones."""
    return np.unique(a, return_inverse=True)[1]


def _ranks(places: np.ndarray) -> np.ndarray:
    """What `scipy.stats.rankdata` gives, from places among the distinct values and without sorting."""
    counts = np.bincount(places)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else np.nan
