"""Two tables of the report: comparisons over all settings at once, and the sources of variance."""

import numpy as np
import pandas as pd

from study.report import frames
from study.report.page.blocks import Plain
from study.report.text.numbers import number, with_ends
from study.report.text.words import MODEL, REFERENCES, STRATEGIES, in_order, word
from study.statistics import across_settings, component_table
from study.tables.results import Results

SOURCES = ("training", "fitting", "drawing", "evaluating")


def across(results: Results, summary: pd.DataFrame) -> Plain | None:
    """Probability of improvement and interquartile means of the primary metric; None with a single setting."""
    metric = frames.primary(summary)
    if metric is None or len(frames.settings(summary)) < 2:
        return None
    table = across_settings(results.metrics, metric)
    if table.empty:
        return None
    found = {row["strategy"]: row for row in table.to_dict("records")}
    measures = ("improvement", "iqm", "iqm_difference")
    rows = []
    for name in in_order(found, STRATEGIES):
        rows.append([name, *(with_ends(found[name], m) for m in measures)])
    label, of = word(metric).label, len(frames.settings(summary))
    counted = int(table["settings"].max())
    where = f"all {of} settings" if counted == of else f"the {counted} of {of} settings that count"
    caption = (
        f"{label} over {where} and their training runs. Improvement: the "
        "chance that a training run scored with the strategy beats one scored with the prior at the same setting; "
        "½ if they are alike. Interquartile mean (IQM): the mean of the middle half, which a few failures do not "
        f"affect. Percentile intervals (95 %) of a bootstrap of {frames.over(summary)}, for these settings; with five "
        "seeds such intervals cover about 84 %."
    )
    return Plain(caption, ["strategy", "improvement", f"IQM of {label}", "IQM of the difference"], rows)


def components(results: Results, summary: pd.DataFrame) -> list[Plain]:
    """Shares of the variance by source, by strategy and by metric; empty if nothing but training was repeated."""
    scored = results.metrics[(results.metrics["status"] == "ok") & (results.metrics["strategy"] != MODEL)]
    metrics = [m for m in frames.metrics(scored) if m in frames.QUALITY]
    found = component_table(scored[scored["metric"].isin(metrics)])
    if found[["fitting", "drawing", "evaluating"]].isna().all(axis=None):
        return []
    contest = found[~found["strategy"].isin([*REFERENCES])]
    by_metric = contest.groupby(["metric", "of"])[list(SOURCES)].mean()
    tables = []
    primary = frames.primary(summary)
    if primary is not None:
        by_strategy = found[found["metric"] == primary].set_index(["strategy", "of"])[list(SOURCES)]
        names = in_order(set(by_strategy.index.get_level_values("strategy")), STRATEGIES)
        caption = (
            f"Sources of the variance of {word(primary).label}: standard deviation (sd) of a single measurement, and "
            "the shares of its variance due to the training seed, to fitting the strategy, to sampling from it and to "
            "the evaluation (feature extractor and half of test data); within a setting, averaged over the grid. Δ is "
            "the paired difference from the prior. The variance of fitting or sampling that was not repeated (—) is "
            "included in the source before it; a share too small to estimate is 0 %."
        )
        tables.append(_shares(caption, "strategy", [(name, name) for name in names], by_strategy))
    caption = "The same for every metric, with variances averaged over the strategies."
    tables.append(_shares(caption, "metric", [(m, word(m).label) for m in metrics], by_metric))
    return tables


def _shares(caption: str, first: str, names: list[tuple[str, str]], variances: pd.DataFrame) -> Plain:
    header = [first]
    rows = [[shown] for _, shown in names]
    for of, label in (("value", ""), ("difference", "Δ ")):
        header += [f"{label}sd", *(f"{label}{source}" for source in SOURCES)]
        for row, (name, _) in zip(rows, names, strict=True):
            if (name, of) not in variances.index:
                row += ["—"] * (1 + len(SOURCES))
                continue
            parts = variances.loc[[(name, of)]].to_numpy()[0]
            total = float(np.nansum(parts))
            shares = 100 * parts / total if total > 0 else parts
            row += [number(total**0.5), *(f"{number(s, 0)} %" if np.isfinite(s) else "—" for s in shares)]
    return Plain(caption, header, rows)
