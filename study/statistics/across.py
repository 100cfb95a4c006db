"""Each strategy against the prior over several settings at once, after Agarwal et al. :cite:`agarwal2021`."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from study.statistics.estimates import FEWEST, LEVEL
from study.statistics.gaps import counted, gaps
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
    """Each strategy's probability of improvement over `prior`, and interquartile means, over the settings that count.

    Intervals are percentiles of a bootstrap of training seeds and of evaluations, each drawn anew by itself
    :cite:`owen2007`, for these settings: a resampled seed brings its trainings at all settings, which share its luck.
    Seeds that lack a setting are left out.

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
        there = np.zeros(len(of.settings), bool)
        there[counted(gaps(of).states)] = True
        there &= ~np.isnan(prior).all((1, 2))
        for name, own in zip(of.strategies, of.values, strict=True):
            kept = ~np.isnan(own + prior)[there].any((0, 2)) if there.any() else np.zeros(len(of.seeds), bool)
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
    _, n, m = own.shape
    rng = np.random.default_rng(n)
    seeds, evaluations = rng.integers(0, n, (RESAMPLES, 1, n)), rng.integers(0, m, (RESAMPLES, m, 1))
    own, prior = np.moveaxis(own, 0, -1), np.moveaxis(prior, 0, -1)  # [S, E, K]
    again = [values[seeds, evaluations].swapaxes(-1, -2) for values in (own, prior)]
    once = [values.transpose(1, 2, 0) for values in (own, prior)]
    out: dict[str, float] = {}
    for name, measure in measures.items():
        spread = measure(*again).mean(-1)
        low, high = np.quantile(spread, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        known = n >= FEWEST and high > low and math.isfinite(high - low)
        out |= {name: float(measure(*once).mean())}
        out |= {
            f"{name}_low": float(low) if known else math.nan,
            f"{name}_high": float(high) if known else math.nan,
        }
    return out
