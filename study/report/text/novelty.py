"""Novelty of each strategy relative to real held-out data: its value minus theirs."""

from typing import Any

import numpy as np
import pandas as pd

from study.report import frames
from study.report.page.blocks import Plain
from study.report.text.numbers import count, interval, listed, number
from study.report.text.words import in_order, word
from study.statistics.novelty import NULL, Silence, silence

HELD_OUT, COPYCAT, NOISE, RECONSTRUCTION = "held-out", "copycat", "noise", "reconstruction"
KEYS = ["strategy", "metric"]
FIXED = (COPYCAT, NOISE)  # rows that no training changes: all their uncertainty is that of the sample
COPIES = "⚠"
WHY: dict[Silence, str] = {
    "copies were not scored": "repeated training examples were not scored as a control",
    "noise was not scored": "noise was not scored as a control",
    "copies are not flagged": "it does not flag repeated training examples",
    "held-out data are flagged": "it flags real held-out data",
    "noise is flagged": "it flags noise, which copies nothing",
}


def differences(
    summary: pd.DataFrame, *, baseline: str = HELD_OUT, setting: frames.Setting | None = None
) -> pd.DataFrame:
    """Novelty minus that of a row of real data, one row per strategy and measure.

    The interval combines two by the variances recovered from each :cite:`zou2008`: the strategy's over training runs
    (over samples for `copycat` and `noise`, which no training changes), and the baseline's over its samples and
    training runs. An interval over training runs alone would treat one set of held-out data as all real data. The pools
    of data that both are compared with are treated as fixed.

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
        below_own, above_own = row.mean - row.low_mean, row.high_mean - row.mean
        if row.strategy in FIXED:
            sampled = frames.real_interval(row)[1] - row.mean
            below_own, above_own = np.hypot(np.nan_to_num([below_own, above_own]), sampled)
        low = difference - np.hypot(below_own, np.hypot(reach, above))
        high = difference + np.hypot(above_own, np.hypot(reach, below))
        copies = low > 0 if row.better == "lower" else high < 0
        found.append((row.strategy, row.metric, difference, low, high, bool(copies)))
    return pd.DataFrame(found, columns=["strategy", "metric", "difference", "low", "high", "copies"])


def silent(summary: pd.DataFrame, *, setting: frames.Setting | None = None) -> dict[str, Silence]:
    """For each measure of novelty why it gives no verdict here, or nothing if the controls pass."""
    rows = frames.averaged(summary) if setting is None else frames.at(summary, setting)
    real = {row.metric: row for row in frames.each(rows[rows["strategy"] == HELD_OUT])}
    flags = {
        (row.strategy, row.metric): row.copies for row in frames.each(differences(summary, setting=setting))
    }
    return {
        metric: silence(
            copies=flags.get((COPYCAT, metric)),
            held_out=_flagged(real[metric], NULL[metric]) if metric in NULL else False,
            noise=flags.get((NOISE, metric)),
        )
        for metric in {metric for _, metric in flags}
    }


def copying(summary: pd.DataFrame) -> tuple[list[str], dict[str, tuple[list[str], list[str]]]]:
    """The measures of novelty that can tell; for each strategy those that flag it, and that do beyond its decoder.

    The last flag it against held-out data through encoder and decoder too, where these were scored: what lies within
    them is the decoder's doing, whatever z is given to it.
    """
    why = silent(summary)
    telling = [metric for metric in in_order(why, frames.NOVELTY) if not why[metric]]
    real, decoded = (differences(summary, baseline=name) for name in (HELD_OUT, RECONSTRUCTION))
    flags, beyond = (set(map(tuple, of.loc[of["copies"], KEYS].to_numpy())) for of in (real, decoded))
    beyond = flags & beyond if len(decoded) else flags
    return telling, {
        name: ([m for m in telling if (name, m) in flags], [m for m in telling if (name, m) in beyond])
        for name in real["strategy"].unique()
    }


def leaning(summary: pd.DataFrame, strategy: str) -> str:
    """How many measures of novelty that can tell flag a strategy, and the means of one; or why none can tell."""
    telling, found = copying(summary)
    flagged, beyond = found.get(strategy, ([], []))
    if not telling:
        reasons = listed(dict.fromkeys(WHY[one] for one in silent(summary).values()))
        return (
            f"No measure of novelty gives a verdict on `{strategy}` in this table: {reasons}."
            if reasons
            else ""
        )
    rows = frames.averaged(summary)
    shown = (beyond or flagged or telling)[0]
    means = rows[rows["metric"] == shown].set_index("strategy")["mean"]
    names = {
        strategy: f"`{strategy}`",
        RECONSTRUCTION: "reconstructions of held-out data",
        HELD_OUT: "real data",
    }
    told = listed(f"{number(means[name])} for {text}" for name, text in names.items() if name in means)
    of = count(len(telling), "measure")
    flag = "flags" if len(flagged) == 1 else "flag"
    lead = f"Copying: {len(flagged)} of {of} of novelty that can tell here {flag} `{strategy}`"
    if flagged and RECONSTRUCTION in means:
        lead += f", {len(beyond) or 'none'} of them beyond what the decoder does to held-out data"
    return f"{lead} ({word(shown).label}: {told})."


def _flagged(real: Any, null: float) -> bool:
    """Whether the whole interval of held-out data lies on the side of copying."""
    low, high = frames.real_interval(real)
    return bool(low > null if real.better == "lower" else high < null)


def no_verdict(why: Silence) -> str:
    """What is said of a measure that cannot tell."""
    return f"no verdict: this measure cannot tell here, since {WHY[why]}"


def novelty_table(summary: pd.DataFrame) -> Plain | None:
    """Strategy × novelty measure, minus held-out, with interval; None if nothing was measured."""
    table = differences(summary)
    if table.empty:
        return None
    metrics, why = in_order(table["metric"], frames.NOVELTY), silent(summary)
    cells = {(row.strategy, row.metric): row for row in frames.each(table)}
    rows = [
        [name, *(_text(cells.get((name, metric)), told=not why[metric]) for metric in metrics)]
        for name in frames.strategies(table)
    ]
    arrows = {"lower": "↓", "higher": "↑"}
    header = [
        f"{word(m).label} {arrows.get(frames.direction(summary, m), '')}".strip()
        + " (no verdict)" * bool(why[m])
        for m in metrics
    ]
    caption = (
        "Novelty minus the value of real held-out data, with 95 % interval over training runs and held-out data; "
        f"0 is as new as real data. {COPIES}: the whole interval is on the side of copying. The arrows point away "
        "from copying; far from copying is not better as such: pure noise is farthest. A measure gives a verdict only "
        "if it flags repeated training examples, and flags neither held-out data nor noise. A flag at reconstructions "
        "of held-out data is the decoder's doing: only what lies beyond it is copying."
    )
    mute = [f"{word(m).label}: {no_verdict(why[m])}" for m in metrics if why[m]]
    return Plain(" ".join([caption, *(f"{text}." for text in mute)]), ["strategy", *header], rows)


def _text(row: Any, *, told: bool) -> str:
    if row is None:
        return "—"
    text = interval(row.difference, row.low, row.high)
    return f"{text} {COPIES}" if row.copies and told else text
