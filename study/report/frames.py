"""The selections of rows that figures, tables and sentences of the report are made from."""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from study.metrics.registry import names
from study.report.text.numbers import number
from study.report.text.words import MODEL, REFERENCES, STRATEGIES, in_order
from study.statistics.replicates import EVALUATION, KIND
from study.tables.results import Results

QUALITY = names("quality")
COST = names("cost")
NOVELTY = names("novelty")
OTHER = [*NOVELTY, "confidence", *COST, "log_density"]
KL_ENDS = ["kl_aggregate_lower", "kl_aggregate_upper"]
PRIOR = "prior"
COLLAPSED = 0.1  # nats: with a lower rate posteriors have collapsed to the prior
SUMMARY = [
    *("alpha", "beta", "noise_variance", "strategy", "metric", "better", "reference", "n", "seeds"),
    *(
        "mean",
        "low_mean",
        "high_mean",
        "difference",
        "low",
        "high",
        "state",
        "settings",
        "verdict",
        "standing",
    ),
    *("effect", "effect_low", "effect_high", "lowest", "highest", "p_holm", "detectable", "seeds_needed"),
]


@dataclasses.dataclass(frozen=True, order=True)
class Setting:
    """One (α, β) of the grid with its noise variance s = β/(2α), which is NaN if the decoder is not Gaussian."""

    alpha: float
    beta: float
    noise_variance: float

    @property
    def label(self) -> str:
        """For panel titles."""
        noise = f", s={number(self.noise_variance)}" if np.isfinite(self.noise_variance) else ""
        return f"α={number(self.alpha)}, β={number(self.beta)}{noise}"

    @property
    def slug(self) -> str:
        """For file names and page anchors."""
        return f"a{self.alpha:g}-b{self.beta:g}".replace(".", "_").replace("+", "")


def by_family(results: Results, summary: pd.DataFrame) -> dict[str, tuple[Results, pd.DataFrame]]:
    """Results and summary of each kind of model, under a unique name: "vae" first, and of it the longest trained.

    Otherwise they are in the order of `Results.runs`, that of the experiment, whose first models are its main ones.

    A figure or sentence is about one kind, because an average over families answers no question. A model scored by
    draws of x, or unclipped, counts as a separate kind and follows the one scored by clipped means.
    """
    runs, columns = results.runs, list(KIND)
    if not len(runs) or not set(columns) <= set(summary.columns):
        return {str(runs["family"].iloc[0]) if len(runs) else "vae": (results, summary)}
    every = runs.reindex(columns=columns).fillna(KIND)
    kinds = every.drop_duplicates()
    texts = kinds["family_settings"]
    order = {"other": kinds["family"].ne("vae"), "length": -texts.map(_steps)}
    order["place"] = kinds.groupby(["family", "family_settings"], sort=False).ngroup()
    kinds = kinds.assign(**order).sort_values(["other", "family", "length", "place", "decode"])[columns]
    settings_of = kinds.groupby("family")["family_settings"].nunique()
    parts = {}
    for kind in kinds.itertuples(index=False, name=None):
        family, own_settings, decode = kind
        own = runs[where(every, dict(zip(columns, kind, strict=True)))]
        rows = summary[where(summary, dict(zip(columns, kind, strict=True)))]
        told = [own_settings] * bool(settings_of[family] > 1) + [f"decode={decode}"] * (decode != "mean")
        parts[f"{family} ({', '.join(told)})" if told else family] = results.only(own["run_id"]), rows
    return parts


def _steps(settings: str) -> int:
    """The number of optimiser steps among the settings that tell a kind of model from others; 0 if it is none."""
    found = re.search(r"\bsteps=(\d+)", settings)
    return int(found[1]) if found else 0


def where(frame: pd.DataFrame, values: Mapping[str, Any]) -> pd.Series:
    """For each row, whether the columns named in `values` have the values given there."""
    return frame[list(values)].eq(pd.Series(values, dtype=object)).all(axis=1)


def each(frame: pd.DataFrame) -> Iterator[Any]:
    """The rows as named tuples, with the index as `Index`."""
    return iter(frame.itertuples())


def settings(frame: pd.DataFrame) -> list[Setting]:
    """The (α, β) settings of a frame, sorted; rows averaged over the grid are left out."""
    grid = frame[["alpha", "beta", "noise_variance"]].dropna(subset=["alpha", "beta"])
    grid = grid.drop_duplicates(["alpha", "beta"]).sort_values(["alpha", "beta"])
    return [Setting(float(a), float(b), float(s)) for a, b, s in grid.itertuples(index=False)]


def spread(grid: Sequence[Setting], at_most: int) -> list[Setting]:
    """`at_most` settings evenly spaced from the smallest to the largest β/α, both ends included."""
    ordered = sorted(grid, key=lambda s: (s.beta / s.alpha if s.alpha else np.inf, s.alpha))
    if len(ordered) <= at_most:
        return ordered
    return [ordered[i] for i in np.linspace(0, len(ordered) - 1, at_most).round().astype(int)]


def at(frame: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    """The rows of one setting."""
    return frame[(frame["alpha"] == setting.alpha) & (frame["beta"] == setting.beta)]


def collapsed(summary: pd.DataFrame) -> set[tuple[float, float]]:
    """The (α, β) at which nothing is encoded: the mean rate is below `COLLAPSED`, so q(z) is all but the prior."""
    rate = per_setting(summary[(summary["strategy"] == MODEL) & (summary["metric"] == "rate")])
    return {(one.alpha, one.beta) for one in settings(rate[rate["mean"] < COLLAPSED])}


def known(summary: pd.DataFrame) -> pd.DataFrame:
    """The summary; an empty one with its columns, so that later code needs no special case."""
    return pd.DataFrame(columns=SUMMARY) if summary.empty else summary


def averaged(summary: pd.DataFrame) -> pd.DataFrame:
    """The rows averaged over the grid; if the grid has a single setting and no such rows, the rows of that setting."""
    rows = summary[summary["alpha"].isna()]
    return summary if rows.empty and len(settings(summary)) == 1 else rows


def per_setting(summary: pd.DataFrame) -> pd.DataFrame:
    """The rows of single settings."""
    return summary[summary["alpha"].notna()]


def strategies(frame: pd.DataFrame, *, references: bool = True) -> list[str]:
    """Names of the strategies in a frame, in the report's order; reference rows come last or are left out."""
    names = set(frame["strategy"]) - {MODEL}
    own, last = names - set(REFERENCES), names & set(REFERENCES) if references else set()
    return [*in_order(own, STRATEGIES), *in_order(last, STRATEGIES)]


def metrics(frame: pd.DataFrame) -> list[str]:
    """Names of the sample metrics in a frame, in the report's order."""
    return in_order(frame.loc[frame["strategy"] != MODEL, "metric"], [*QUALITY, *OTHER])


def primary(summary: pd.DataFrame) -> str | None:
    """The metric that the answer is about: KID, else FD, else the first quality metric with a direction."""
    rows = summary[(summary["strategy"] != MODEL) & summary["mean"].notna()]
    directed = rows.loc[rows["better"].isin(["lower", "higher"]) & ~rows["metric"].isin(OTHER), "metric"]
    return next(iter(in_order(directed, QUALITY)), None)


def with_errors(summary: pd.DataFrame, metrics: pd.DataFrame) -> pd.DataFrame:
    """The summary with a column `stderr`: the standard error over samples, averaged per strategy and metric."""
    if summary.empty:
        return summary.assign(stderr=np.nan)
    errors = metrics.groupby(["strategy", "metric"])["stderr"].mean()
    return summary.drop(columns="stderr", errors="ignore").join(errors, on=["strategy", "metric"])


def real_interval(row: Any) -> tuple[float, float]:
    """95 % interval of a measurement of held-out data, from its standard error over samples; NaN if unknown.

    Every training run is compared with the same real data, so the spread over runs does not show this uncertainty.
    """
    reach = float(ndtri(0.975)) * getattr(row, "stderr", float("nan"))
    return row.mean - reach, row.mean + reach


def direction(summary: pd.DataFrame, metric: str) -> str:
    """ "lower", "higher", "one" or "none"."""
    found = summary.loc[summary["metric"] == metric, "better"]
    return str(found.iloc[0]) if len(found) else "none"


def gain_sign(better: str) -> int:
    """+1 where a larger value is better, -1 where a smaller one is, 0 where neither."""
    return {"higher": 1, "lower": -1}.get(better, 0)


def evaluated(frame: pd.DataFrame) -> list[str]:
    """The column that tells evaluations apart, if the frame has it, to group or index by."""
    return [EVALUATION] if EVALUATION in frame else []


def measured(results: Results, metric: str, *, each: bool = False) -> pd.DataFrame:
    """Values of one metric, averaged over draws: a row per run, a column per strategy (and `"model"`).

    Averaged over evaluations too or, with `each`, a row per run and evaluation.
    """
    rows = results.metrics[(results.metrics["metric"] == metric) & (results.metrics["status"] == "ok")]
    index = ["run_id", *(evaluated(rows) if each else [])]
    return rows.pivot_table(index=index, columns="strategy", values="value", aggfunc="mean").astype(float)


def models(results: Results) -> pd.DataFrame:
    """Model-level measurements: one row per run with α, β, s and seed, one column per measurement."""
    rows = results.metrics[(results.metrics["strategy"] == MODEL) & (results.metrics["status"] == "ok")]
    table = rows.pivot_table(index="run_id", columns="metric", values="value", aggfunc="mean").astype(float)
    place = results.runs.set_index("run_id")[["alpha", "beta", "noise_variance", "seed"]]
    return place.join(table, how="inner")


def mismatch(model: pd.DataFrame) -> pd.DataFrame:
    """Bracket on KL(q(z)‖p(z)), nats, of each row of `models`: columns `lower`, `upper`, `middle`.

    A KL is never negative, so a lower end below zero is set to zero. If one end is missing or infinite, the
    middle is the other end.
    """
    ends = model.reindex(columns=KL_ENDS).replace([np.inf, -np.inf], np.nan)
    ends = ends.clip(lower=0).set_axis(["lower", "upper"], axis=1)
    return ends.assign(middle=ends.mean(axis=1))


def best(summary: pd.DataFrame, metric: str) -> str | None:
    """The strategy with the largest effect over the grid, or, without effects, the best mean; no reference row."""
    rows = averaged(summary)
    rows = rows[(rows["metric"] == metric) & ~rows["strategy"].isin([*REFERENCES, MODEL])].dropna(
        subset=["mean"]
    )
    sign = gain_sign(direction(summary, metric))
    if rows.empty or sign == 0:
        return None
    score = rows["effect"] if rows["effect"].notna().any() else sign * rows["mean"]
    return str(rows["strategy"].iloc[int(np.nanargmax(score.to_numpy(float)))])


def key_strategies(summary: pd.DataFrame, metric: str, *, at_most: int = 3) -> list[str]:
    """The strategies that get a panel of their own: the best one, then those that the question is about."""
    present = set(summary.loc[(summary["metric"] == metric) & summary["mean"].notna(), "strategy"])
    wanted = [
        best(summary, metric) or PRIOR,
        "posterior",
        "gmm",
        "global-gaussian",
        "gaussian-full",
        "posterior-mean",
    ]
    wanted += strategies(summary, references=False)
    return [s for s in dict.fromkeys(wanted) if s in present and s != PRIOR][:at_most]


def evaluations(summary: pd.DataFrame) -> int:
    """Under how many evaluations that differ, feature extractors and halves of test, models were scored."""
    return int(summary["evaluations"].max()) if "evaluations" in summary and len(summary) else 1


def over(summary: pd.DataFrame) -> str:
    """What intervals of scores are taken over: training seeds and, if there are several, evaluations."""
    several = evaluations(summary) > 1
    return "training seeds, feature extractors and halves of test data" if several else "training seeds"
