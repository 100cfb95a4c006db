"""The answer of an audit: from which distribution to draw, its share of the gap, its cost, and what it needs."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from study.audit.copies import Copying, copying
from study.report import frames
from study.report.text import limits
from study.report.text.contest import percent, share
from study.report.text.numbers import number
from study.report.text.words import STRATEGIES, word
from study.statistics import MATTERS, summarise
from study.tables.names import REFERENCES
from study.tables.results import Results

PRIOR = frames.PRIOR
WHY = {
    "nothing to gain": "samples from the prior are not told from real held-out data by",
    "no decoder to speak of": "reconstructions are not told from noise by",
    "cannot tell": "copies of the training data do not beat the prior, or a strategy beats real data, by",
    "no floor": "real held-out data have no score in",
}


@dataclasses.dataclass(frozen=True, eq=False)
class Answer:
    """What to draw from, and why.

    Attributes:
        strategy: the one to draw from: the best that is better than the prior, else the prior.
        without_data: the best that is better than the prior and keeps no data, if `strategy` keeps them; else empty.
        headline: at most two sentences.
        metric: the metric that decides; empty if none could be scored.
        state: whether the metric can show an effect ("ok"), and why not.
        rows: of the summary for that metric, by strategy and reference row.
        copying: of `strategy`.
        cost: seconds to fit and seconds for 1000 samples, the most of all fits.
    """

    strategy: str
    without_data: str
    headline: str
    metric: str
    state: str
    rows: Mapping[str, Any]
    copying: Copying
    cost: tuple[float, float]


def summary_of(metrics: pd.DataFrame) -> pd.DataFrame:
    """The summary of one model: fits, each with its own draw, stand where a study has training seeds.

    Its intervals cover fits, draws, halves of test and extractors, and no training: there is one.
    """
    one = metrics.assign(seed=metrics["fit"], alpha=0.0, beta=0.0, noise_variance=0.0)
    summary = summarise(one)
    return frames.averaged(summary) if len(summary) else summary


def judged(results: Results) -> tuple[pd.DataFrame, Answer]:
    """The summary of one model's tables and the answer; no verdicts if there are too few examples for any."""
    summary = frames.with_errors(summary_of(results.metrics), results.metrics)
    few = limits.too_few(results, summary) if len(summary) else ""
    if few:
        summary = limits.without_verdicts(summary)
    return summary, answer_of(results.metrics, summary, too_few=few)


def answer_of(metrics: pd.DataFrame, summary: pd.DataFrame, *, too_few: str = "") -> Answer:
    """The answer, from the rows of the metrics table and their summary.

    Args:
        metrics: the rows.
        summary: of them.
        too_few: why there are too few examples for a verdict; empty if there are not.
    """
    metric = frames.primary(frames.known(summary)) or ""
    rows = {row.strategy: row for row in frames.each(summary[summary["metric"] == metric])} if metric else {}
    rivals = {name: row for name, row in rows.items() if name not in (*REFERENCES, PRIOR)}
    state = str(rows[PRIOR].state) if PRIOR in rows else "no floor"
    winners = {} if too_few else {name: row for name, row in rivals.items() if row.verdict == "better"}
    best = _best(winners) or PRIOR
    free = {name: row for name, row in winners.items() if not STRATEGIES[name]["keeps_data"]}
    without = _best(free) if STRATEGIES[best]["keeps_data"] else ""
    found = copying(metrics, best)
    cost = _most(metrics, best, "seconds_fit"), _most(metrics, best, "seconds_per_1000")
    text = _headline(best, without, metric, state, rows, rivals, found, cost, too_few)
    return Answer(best, without, text, metric, state, rows, found, cost)


def _headline(
    best: str,
    without: str,
    metric: str,
    state: str,
    rows: Mapping[str, Any],
    rivals: Mapping[str, Any],
    found: Copying,
    cost: tuple[float, float],
    too_few: str,
) -> str:
    if not metric:
        return "No verdict: no strategy could be scored; the table of failures gives the reasons."
    label = word(metric).label
    if too_few:
        return f"No verdict: {too_few}."
    if state == "no decoder to speak of":
        return f"No verdict: {WHY[state]} {label}, so no distribution of z will help; mend the decoder first."
    if state == "nothing to gain":
        return f"No gain over the prior, N(0, I), can be shown: {WHY[state]} {label}."
    if state != "ok":
        return f"No verdict: {WHY[state]} {label}."
    if best != PRIOR:
        return _draw(best, without, label, rows, found, cost)
    return _prior(label, rivals)


def _draw(
    best: str, without: str, label: str, rows: Mapping[str, Any], found: Copying, cost: tuple[float, float]
) -> str:
    row = rows[best]
    needs = "keeps no training data"
    if STRATEGIES[best]["keeps_data"]:
        needs = "keeps the training data"
        needs += f" (`{without}`, which does not, closes {share(rows[without])})" if without else ""
    open_ = "" if row.standing == "best" else ", but which strategy is best is not decided"
    told = f"{len(found.flagged)} of {len(found.telling)} measures of novelty flag copies"
    told = told if found.telling else "no measure of novelty can tell copies"
    return (
        f"Draw from `{best}`: it closes {share(row)} of the gap in {label} between the prior and real data{open_}. "
        f"It {needs}, {told}, and fitting takes {number(cost[0])} s."
    )


def _prior(label: str, rivals: Mapping[str, Any]) -> str:
    """No strategy is shown to be better than the prior."""
    if not rivals:
        return f"Only the prior was tried, so there is no comparison in {label}."
    verdicts = {row.verdict for row in rivals.values()}
    first = _best(rivals)
    closes = f"the best mean, `{first}`, closes {share(rivals[first])} of the gap in {label}" if first else ""
    if verdicts == {"worse"}:
        return f"Draw from the prior, N(0, I): every other strategy tried is worse; {closes}."
    if verdicts <= {"worse", "equivalent"}:
        return (
            f"Draw from the prior, N(0, I): no strategy tried differs from it for the better by {percent(MATTERS)} "
            f"of the gap; {closes}."
        )
    seen = max((row.detectable for row in rivals.values() if math.isfinite(row.detectable)), default=math.nan)
    power = f"; an effect of {percent(seen)} would have been seen" if math.isfinite(seen) else ""
    return f"Not decided whether any strategy is better than the prior: {closes}{power}."


def _best(rows: Mapping[str, Any]) -> str:
    """The strategy with the largest effect; nothing if there is none."""
    known = {name: row.effect for name, row in rows.items() if math.isfinite(row.effect)}
    return max(known, key=lambda name: known[name]) if known else ""


def _most(metrics: pd.DataFrame, strategy: str, metric: str) -> float:
    rows = metrics[(metrics["strategy"] == strategy) & (metrics["metric"] == metric)]
    return float(rows["value"].max()) if len(rows) else math.nan
