"""Each strategy against the prior over all settings at once, after Agarwal et al. :cite:`agarwal2021`."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from study.statistics.estimates import FEWEST, LEVEL
from study.statistics.replicates import BASELINE
from study.statistics.scores import Scores, distance_from_best, scores

RESAMPLES = 2000


def probability_of_improvement(own: np.ndarray, prior: np.ndarray) -> np.ndarray:
    """Chance that a run scored with the strategy beats one scored with the baseline, averaged over settings.

    As in the paper, all pairs of training runs at one setting are compared; ties count half, so ½ is no improvement.

    Args:
        own, prior: costs `[..., settings, runs]`, of which less is better.
    """
    signs = np.sign(prior[..., None, :] - own[..., :, None])
    return np.asarray(0.5 + 0.5 * signs.mean((-1, -2, -3)))


def interquartile_mean(values: np.ndarray) -> np.ndarray:
    """Mean of the middle half of all training runs at all settings, `[...]` from `[..., settings, runs]`."""
    flat = np.sort(values.reshape(*values.shape[:-2], -1), axis=-1)
    cut = flat.shape[-1] // 4
    return np.asarray(flat[..., cut : flat.shape[-1] - cut].mean(-1))


@np.errstate(invalid="ignore", over="ignore")  # the mean of infinities of both signs is NaN
def across_settings(metrics: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Each strategy's probability of improvement over `prior`, and interquartile means, over all settings.

    Intervals are percentiles of a bootstrap of the training seeds, for these settings: a resampled seed brings its
    trainings at all settings, which share its luck. Seeds that lack a setting are left out.

    Args:
        metrics: `Results.metrics`, joined with the configuration columns.
        metric: its name; it needs a better direction.

    Returns:
        Columns family, family_settings, decode, strategy, settings, seeds, and value, low, high of each of
        improvement, iqm (of the metric) and iqm_difference (of the paired difference). Strategies that lack a setting
        of the prior are left out.
    """
    rows = []
    for of in scores(metrics[metrics["metric"] == metric]):
        if of.better == "none" or BASELINE not in of.strategies:
            continue
        prior = of.values[of.strategies.index(BASELINE)]
        there = ~np.isnan(prior).all(1)
        for name, own in zip(of.strategies, of.values, strict=True):
            kept = ~np.isnan(own + prior)[there].any(0) if there.any() else np.zeros(len(of.seeds), bool)
            if name == BASELINE or not kept.any():
                continue
            found = _estimates(own[there][:, kept], prior[there][:, kept], of)
            rows.append(
                {
                    "family": of.family, "family_settings": of.family_settings, "decode": of.decode, "strategy": name,
                    "settings": int(there.sum()), "seeds": int(kept.sum()), **found,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def _estimates(own: np.ndarray, prior: np.ndarray, of: Scores) -> Mapping[str, float]:
    measures: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
        "improvement": lambda a, b: probability_of_improvement(
            distance_from_best(a, of.better), distance_from_best(b, of.better)
        ),
        "iqm": lambda a, b: interquartile_mean(a),
        "iqm_difference": lambda a, b: interquartile_mean(a - b),
    }
    n = own.shape[1]
    index = np.random.default_rng(n).integers(0, n, (RESAMPLES, n))
    again = [values[:, index].swapaxes(0, 1) for values in (own, prior)]
    out: dict[str, float] = {}
    for name, measure in measures.items():
        spread = measure(*again)
        low, high = np.quantile(spread, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        known = n >= FEWEST and high > low and math.isfinite(high - low)
        out |= {name: float(measure(own, prior))}
        out |= {
            f"{name}_low": float(low) if known else math.nan,
            f"{name}_high": float(high) if known else math.nan,
        }
    return out
