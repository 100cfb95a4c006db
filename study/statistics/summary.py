"""The summary of results: every strategy and metric, at every setting and averaged over the grid."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from study.statistics.contrasts import verdict
from study.statistics.intervals import intervals
from study.statistics.multiplicity import holm
from study.statistics.power import detectable
from study.statistics.replicates import BASELINE, Replicates, replicates
from study.statistics.standing import standings
from study.tables.names import REFERENCES


@np.errstate(invalid="ignore", over="ignore")  # the mean of infinities of both signs is NaN
def summarise(metrics: pd.DataFrame) -> pd.DataFrame:
    """One row per (α, β), strategy and metric, and one averaged over the grid (α, β, s are NaN).

    Kinds of models (family, family_settings, decode) are never averaged over: each has its own rows, compared with its
    own `prior`. For each metric Holm's correction has two families, both over all kinds of models: strategies averaged
    over the grid, and strategies × settings. Reference rows only calibrate the metrics and form separate families.

    Args:
        metrics: `Results.metrics`, joined with the configuration columns.

    Returns:
        Columns family, family_settings, decode, alpha, beta, noise_variance, strategy, metric, better, reference, n,
        seeds, mean, low_mean, high_mean, difference, low, high (paired with `prior`, intervals not corrected), p and
        p_holm (of no difference, uncorrected and corrected), detectable (the smallest true difference that such an
        interval detects with 80 % power), verdict (by p_holm), standing.
    """
    rows = list(replicates(metrics))
    if not rows:
        return pd.DataFrame()
    own = intervals([row.values for row in rows])
    paired = intervals([row.differences for row in rows])
    summary = pd.DataFrame([_facts(row) for row in rows]).assign(
        mean=own.mean, low_mean=own.low, high_mean=own.high,
        difference=paired.mean, low=paired.low, high=paired.high, p=paired.p,
    )  # fmt: skip
    summary["p"] = summary["p"].where(summary["strategy"] != BASELINE)
    family = [summary["metric"], summary["alpha"].isna(), summary["strategy"].isin(list(REFERENCES))]
    summary["p_holm"] = summary.groupby(family)["p"].transform(lambda p: holm(p.to_numpy()))
    summary["detectable"] = [
        math.nan if row.strategy == BASELINE else detectable(row.differences.mean((1, 2))) for row in rows
    ]
    summary["verdict"] = [_verdict(row) for row in summary.to_dict("records")]
    summary["standing"] = standings(rows)
    return summary


def _facts(row: Replicates) -> dict[str, object]:
    alpha, beta, noise = row.setting or (math.nan,) * 3
    return {
        "family": row.family, "family_settings": row.family_settings, "decode": row.decode,
        "alpha": alpha, "beta": beta, "noise_variance": noise, "strategy": row.strategy, "metric": row.metric,
        "better": row.better, "reference": row.reference, "n": row.n, "seeds": len(row.seeds),
    }  # fmt: skip


def _verdict(row: Mapping[Any, Any]) -> str:
    if row["strategy"] == BASELINE:
        return "baseline"
    return verdict(row["mean"], row["mean"] - row["difference"], p=row["p_holm"], better=row["better"])
