"""Verdicts in words, and answers of at most two sentences."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from study.report.text.numbers import count, interval, listed, number

UNDECIDED = "Not decided: there is no interval, for lack of seeds or of any spread between them."
VERDICTS = ("better", "worse", "equivalent", "not decided", "none")
NONE = "without an interval"
WORDS = 60  # an answer has fewer
FEW = 4  # settings that are named one by one

Row = Mapping[Any, Any]


def undecided(rows: pd.DataFrame) -> bool:
    """Whether no contrast has an interval, so that no verdict is possible."""
    return bool((rows["verdict"] == "none").all())


def by_verdict(rows: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """The rows by verdict, in the order of `VERDICTS`; verdicts without rows are left out."""
    found = {name: rows[rows["verdict"] == name].to_dict("records") for name in VERDICTS}
    return {name: [{str(k): v for k, v in row.items()} for row in own] for name, own in found.items() if own}


def size(row: Any, *, scale: float = 1.0, places: int | None = None) -> str:
    """The size of a difference that is told from zero, with its interval, smaller end first."""
    ends = sorted((row["low"], row["high"]), reverse=row["difference"] < 0)
    sign = -scale if row["difference"] < 0 else scale
    return interval(row["difference"], *ends, scale=sign, places=places)


def extremes(rows: Iterable[Row], **how: Any) -> str:
    """The `size` of the least and of the largest of some differences, "1 [0, 2] to 3 [2, 4]"; one if they agree."""
    ordered = sorted(rows, key=lambda row: abs(row["difference"]))
    return listed(dict.fromkeys(size(row, **how) for row in (ordered[0], ordered[-1])), last="to")


def unseen(
    rows: Iterable[Row],
    *,
    what: str = "a difference",
    scale: float = 1.0,
    unit: str = "",
    places: int | None = None,
) -> str:
    """What is said of contrasts that are not decided: above which difference each would have shown it, least to most.

    With 80 % power at the corrected level. In brackets, with a space before; empty if it is not known.
    """
    sizes = [row["detectable"] for row in rows if math.isfinite(row["detectable"])]
    if not sizes:
        return ""
    ends = dict.fromkeys(number(scale * size, places) for size in (min(sizes), max(sizes)))
    several = f"{what.removeprefix('a ')}s"
    return f" (only {several} above {listed(ends, last='to')}{unit} would probably have been seen)"


def at(row: Row) -> str:
    """The setting of a row: "β = 0.5", with α unless it is 1."""
    beta = f"β = {number(row['beta'])}"
    return beta if row.get("alpha", 1) == 1 else f"α = {number(row['alpha'])}, {beta}"


def where(rows: Sequence[Row], of: int) -> str:
    """The settings of some rows out of `of`: "β = 0.5 and 1"; of more than `FEW`, or where α varies, their number."""
    if len(rows) <= FEW and all(row.get("alpha", 1) == 1 for row in rows):
        return f"β = {listed(number(row['beta']) for row in rows)}"
    return f"all {of} settings" if len(rows) == of else f"{len(rows)} of {count(of, 'setting')}"


def placed(
    rows: pd.DataFrame,
    words: Mapping[str, str] | None = None,
    *,
    sizes: Callable[[Sequence[Row]], str] | None = None,
) -> str:
    """Where each verdict holds: "better at β = 4, worse at 0.25 and not decided at 1".

    Args:
        rows: one contrast per setting.
        words: other words for verdicts.
        sizes: what is said in brackets of the rows that are better, or worse.
    """
    known = {"none": NONE, **(words or {})}
    said: list[str] = []
    for verdict, own in by_verdict(rows.sort_values("beta")).items():
        more = f" ({sizes(own)})" if sizes and verdict in ("better", "worse") else ""
        place = where(own, len(rows))
        place = place.removeprefix("β = ") if said else place
        said.append(f"{known.get(verdict, verdict)} at {place}{more}")
    return listed(said)


def clauses(
    rows: pd.DataFrame,
    say: Callable[[Row], str],
    name: Callable[[Row], str],
    *,
    between: str = " in ",
    **seen: Any,
) -> list[str]:
    """A clause per verdict that lists its rows: "better in a and b", "not decided in c (… would have been seen)".

    Args:
        rows: contrasts with a verdict.
        say: a row with a verdict in words, with its size.
        name: a row without one.
        between: what stands between a verdict and its rows.
        seen: how `unseen` says what would have been seen.
    """
    found = by_verdict(rows)
    said = [f"{v}{between}{listed(map(say, found[v]))}" for v in VERDICTS[:3] if v in found]
    if "not decided" in found:
        open_ = found["not decided"]
        said.append(f"not decided{between}{listed(map(name, open_))}{unseen(open_, **seen)}")
    if "none" in found:
        said.append(f"{NONE}{between}{listed(map(name, found['none']))}")
    return said


def ranged(rows: pd.DataFrame, name: str, say: Callable[[Row], str], *, most: int = 3) -> str:
    """What is said of each row; of more than `most` rows that of the smallest and the largest `name`."""
    every = rows.to_dict("records")
    if len(every) <= most:
        return listed(map(say, every))
    ends = sorted(every, key=lambda row: row[name])
    return f"from {say(ends[0])} to {say(ends[-1])}"


def widened(closed: pd.DataFrame, name: str, place: Callable[[Row], str]) -> str:
    """Where a strategy is told to widen the gap, as a sentence with a space before; empty if nowhere.

    Beside it stands a sentence on the shares that the strategy closes, which would else be read as all there are.

    Args:
        closed: the second table of `closing`.
        name: the strategy.
        place: a row's setting in words.
    """
    rows = closed[(closed["strategy"] == name) & (closed["verdict"] == "worse")] if len(closed) else closed
    if rows.empty:
        return ""
    every, percent = rows.to_dict("records"), {"scale": 100, "places": 0}
    if len(every) > FEW:
        return f" It widens the gap by {extremes(every, **percent)} % at {len(every)} settings."
    return f" It widens the gap by {listed(f'{size(row, **percent)} % at {place(row)}' for row in every)}."


def brief(lead: str, *more: str) -> str:
    """The lead, and after it the first of the further sentences with which the answer has fewer than `WORDS` words."""
    fit = (f"{lead} {sentence}" for sentence in more if sentence)
    return next((answer for answer in fit if len(answer.split()) < WORDS), lead)
