"""Each strategy against the prior over all settings at once, after Agarwal et al. :cite:`agarwal2021`."""

import math
from collections.abc import Callable, Mapping, Sequence

import jax
import numpy as np
import pandas as pd
from jaxtyping import Float

from study.statistics.intervals import LEVEL
from study.statistics.replicates import BASELINE, Replicates, by_model, replicates
from study.statistics.standing import distance_from_best

RESAMPLES = 2000
Scores = Sequence[Float[np.ndarray, " _"]]  # per setting, one value per training run
Resampled = Sequence[Float[np.ndarray, "... _"]]  # per setting


def probability_of_improvement(scores: Resampled, baseline: Resampled) -> Float[np.ndarray, "..."]:
    """Chance that a run scored with the strategy beats one scored with the baseline, averaged over settings.

    Lower scores are better; ties count half, so ½ is no improvement. As in the paper, all pairs of training runs at one
    setting are compared.

    Args:
        scores, baseline: per setting, the scores of all runs.
    """
    wins = [
        0.5 + 0.5 * np.sign(b[..., None, :] - s[..., :, None]).mean((-1, -2))
        for s, b in zip(scores, baseline, strict=True)
    ]
    return np.asarray(np.mean(wins, axis=0))


def interquartile_mean(scores: Resampled) -> Float[np.ndarray, "..."]:
    """Mean of the middle half of all training runs at all settings."""
    from scipy import stats  # the import takes half a second, which reading tables should not wait for

    return np.asarray(stats.trim_mean(np.concatenate(list(scores), axis=-1), 0.25, axis=-1))


@np.errstate(invalid="ignore", over="ignore")  # the mean of infinities of both signs is NaN
def across_settings(metrics: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Each strategy's probability of improvement over `prior`, and interquartile means, over all settings.

    Intervals are percentiles of a stratified bootstrap: the training runs of each setting are resampled within it,
    jointly for a strategy and the prior, which share them. Strata are treated as independent. If a seed's effect is
    correlated between settings, these intervals are too narrow; verdicts use the intervals of the summary.

    Args:
        metrics: `Results.metrics`, joined with the configuration columns.
        metric: its name; it needs a better direction.

    Returns:
        Columns family, family_settings, decode, strategy, settings, trainings, and value, low, high of each of
        improvement, iqm (of the metric) and iqm_difference (of the paired difference). Strategies that lack a setting
        of the prior are left out.
    """
    parts = [
        _of_one(rows, metric).assign(family=family, family_settings=settings, decode=decode)
        for (family, settings, decode), rows in by_model(metrics)
    ]
    return pd.concat(parts, ignore_index=True)


def _of_one(metrics: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of one kind of model."""
    found: dict[str, dict[str, Replicates]] = {}
    for row in replicates(metrics[metrics["metric"] == metric], average=False):
        found.setdefault(row.strategy, {})[repr(row.setting)] = row
    prior = found.get(BASELINE, {})
    rows = []
    for name, own in found.items():
        pairs = [_common(own[s], prior[s]) for s in prior if s in own]
        if name == BASELINE or len(pairs) < len(prior) or any(a.size == 0 for a, _ in pairs):
            continue
        better = next(iter(own.values())).better
        if better == "none":
            continue
        rows.append(
            {
                "strategy": name,
                "settings": len(pairs),
                "trainings": sum(len(a) for a, _ in pairs),
                **_estimates([a for a, _ in pairs], [b for _, b in pairs], better),
            }
        )
    return pd.DataFrame(rows)


def _common(
    own: Replicates, prior: Replicates
) -> tuple[Float[np.ndarray, " runs"], Float[np.ndarray, " runs"]]:
    """Both strategies' values on the training runs that they share."""
    _, mine, theirs = np.intersect1d(own.seeds, prior.seeds, return_indices=True)
    return own.values.mean((1, 2))[mine], prior.values.mean((1, 2))[theirs]


def _estimates(own: Scores, prior: Scores, better: str) -> Mapping[str, float]:
    measures: dict[str, Callable[[Resampled, Resampled], np.ndarray]] = {
        "improvement": lambda a, b: probability_of_improvement(
            [distance_from_best(v, better) for v in a], [distance_from_best(v, better) for v in b]
        ),
        "iqm": lambda a, b: interquartile_mean(a),
        "iqm_difference": lambda a, b: interquartile_mean([v - w for v, w in zip(a, b, strict=True)]),
    }
    keys = jax.random.split(jax.random.key(0, impl="threefry2x32"), len(own))
    index = [
        np.asarray(jax.random.randint(key, (RESAMPLES, len(v)), 0, len(v)))
        for key, v in zip(keys, own, strict=True)
    ]
    again = [[v[i] for v, i in zip(values, index, strict=True)] for values in (own, prior)]
    out: dict[str, float] = {}
    for name, measure in measures.items():
        low, high = np.quantile(measure(*again), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        enough = min(len(v) for v in own) > 1
        ends = (float(low), float(high)) if enough else (math.nan, math.nan)
        out |= {name: float(measure(own, prior)), f"{name}_low": ends[0], f"{name}_high": ends[1]}
    return out
