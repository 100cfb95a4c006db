"""Novelty of each strategy relative to real held-out data: its value minus theirs."""

from typing import Any

import numpy as np
import pandas as pd

from study.report import frames
from study.report.page.blocks import Plain
from study.report.text.numbers import interval
from study.report.text.words import in_order, word

HELD_OUT = "held-out"
COPIES = "⚠"


def differences(
    summary: pd.DataFrame, *, baseline: str = HELD_OUT, setting: frames.Setting | None = None
) -> pd.DataFrame:
    """Novelty minus that of a row of real data, one row per strategy and measure.

    The interval combines two by the variances recovered from each :cite:`zou2008`: the strategy's over training runs,
    and the baseline's over its samples and training runs. An interval over training runs alone would treat one set of
    held-out data as all real data. The pools of data that both are compared with are treated as fixed.

    Args:
        summary: with `stderr` (`frames.with_errors`).
        baseline: `held-out`, or `reconstruction`: the same real data through encoder and decoder.
        setting: one (α, β), or None for the average over the grid.

    Returns:
        Columns strategy, metric, difference, low, high, and copies: whether the whole interval is on the side of
        copying.
    """
    rows = frames.averaged(summary) if setting is None else frames.at(summary, setting)
    rows = rows[rows["metric"].isin(frames.NOVELTY) & rows["mean"].notna()]
    real = {row.metric: row for row in frames.each(rows[rows["strategy"] == baseline])}
    found = []
    for row in frames.each(rows[(rows["strategy"] != baseline) & rows["metric"].isin(list(real))]):
        base = real[row.metric]
        reach = frames.real_interval(base)[1] - base.mean
        difference = row.mean - base.mean
        above, below = np.nan_to_num(
            [base.high_mean - base.mean, base.mean - base.low_mean]
        )  # often one value
        low = difference - np.hypot(row.mean - row.low_mean, np.hypot(reach, above))
        high = difference + np.hypot(row.high_mean - row.mean, np.hypot(reach, below))
        copies = low > 0 if row.better == "lower" else high < 0
        found.append((row.strategy, row.metric, difference, low, high, bool(copies)))
    return pd.DataFrame(found, columns=["strategy", "metric", "difference", "low", "high", "copies"])


def novelty_table(summary: pd.DataFrame) -> Plain | None:
    """Strategy × novelty measure, minus held-out, with interval; None if nothing was measured."""
    table = differences(summary)
    if table.empty:
        return None
    metrics = in_order(table["metric"], frames.NOVELTY)
    cells = {(row.strategy, row.metric): row for row in frames.each(table)}
    rows = [
        [name, *(_text(cells.get((name, metric))) for metric in metrics)] for name in frames.strategies(table)
    ]
    arrows = {"lower": "↓", "higher": "↑"}
    header = [f"{word(m).label} {arrows.get(frames.direction(summary, m), '')}".strip() for m in metrics]
    caption = (
        "Novelty minus the value of real held-out data, with 95 % interval over training runs and held-out data; "
        f"0 is as new as real data. {COPIES}: the whole interval is on the side of copying. The arrows point away "
        "from copying; far from copying is not better as such: pure noise is farthest."
    )
    return Plain(caption, ["strategy", *header], rows)


def _text(row: Any) -> str:
    if row is None:
        return "—"
    text = interval(row.difference, row.low, row.high)
    return f"{text} {COPIES}" if row.copies else text
