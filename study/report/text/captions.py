"""What follows from a figure of the general report: a sentence from the numbers that it shows."""

import math

import numpy as np
import pandas as pd

from study.report import frames
from study.report.plots.effects import axis_of
from study.report.text.contest import Contest, contest, percent
from study.report.text.limits import falling
from study.report.text.numbers import count, listed, number
from study.statistics import MATTERS
from study.tables.results import Results

COUNTED = {
    "better": "better than the prior",
    "worse": "worse",
    "equivalent": f"equivalent to it within {100 * MATTERS:.0f} % of the gap",
    "not decided": "not decided",
}


def follows(name: str, results: Results, summary: pd.DataFrame) -> str:
    """What follows from the figure of this name; empty where its caption says all that there is."""
    of = contest(summary)
    if name.startswith("samples"):
        return (
            "What follows: only how the samples look. How often a defect occurs, and which strategy is better, so few "
            "pictures cannot say; the tables can."
        )
    if name == "losses":
        return falling(results)
    if of is None or frames.PRIOR not in of.contestants or not of.rivals:
        return ""
    said = {"effects": _effects, "where": _where, "gains": _where, "ladder": _ladder}
    return said[name](of) if name in said else ""


def _effects(of: Contest) -> str:
    """How many strategies have which verdict, and the largest effect."""
    found = {verdict: of.with_verdict(verdict) for verdict in COUNTED}
    if not any(found.values()):
        return "Nothing is decided: no effect has an interval and a verdict here."
    parts = listed(f"{len(rows)} {COUNTED[verdict]}" for verdict, rows in found.items() if rows)
    best = of.best(of.rivals)
    return f"Of {count(len(of.rivals), 'strategy').replace('strategys', 'strategies')}, {parts}; the largest effect is that of `{best}`, which {of.closes(best)}."


def _where(of: Contest) -> str:
    """The verdicts of the leading strategy along the axis, and its effect at both ends."""
    name = of.best(of.rivals)
    rows = of.single[(of.single["strategy"] == name) & (of.single["state"] == "ok")]
    if len(rows) < 2 or not np.isfinite(rows["effect"]).all():
        return ""
    place, label = axis_of(rows)
    rows = rows.assign(place=place).sort_values("place", kind="stable")
    axis = label.split(" ")[0]
    ends = [rows[rows["place"] == end]["effect"].mean() for end in (rows["place"].iloc[0], rows["place"].iloc[-1])]
    told = listed(
        f"{COUNTED[verdict].split(' within')[0]} at {n}"
        for verdict in COUNTED
        if (n := int((rows["verdict"] == verdict).sum()))
    )
    text = f"`{name}` closes {percent(ends[0])} of the gap at {axis} = {number(rows['place'].iloc[0])} and "
    text += f"{percent(ends[1])} at {axis} = {number(rows['place'].iloc[-1])}"
    return f"{text}; it is {told} of these {len(rows)} settings." if told else f"{text}."


def _ladder(of: Contest) -> str:
    """What is left of the gap when codes of real data are decoded: that no strategy can close."""
    row = of.references.get("reconstruction")
    if row is None or not math.isfinite(row.effect):
        return ""
    if not 0 < row.effect < 1:
        return ""
    return (
        f"Reconstructions close {percent(row.effect)} of the gap between the prior and real data, {of.scope}; the other "
        f"{percent(1 - row.effect)} is left by this decoder, trained as it was, and no choice of z is asked to close it."
    )
