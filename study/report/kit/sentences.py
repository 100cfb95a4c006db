"""Verdicts in words."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from study.report.text.numbers import interval, number

UNDECIDED = "Not decided: there is no interval, for lack of seeds or of any spread between them."
VERDICTS = ("better", "worse", "equivalent", "not decided", "none")


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


def unseen(
    rows: Iterable[Mapping[Any, Any]], *, what: str = "a difference", scale: float = 1.0, unit: str = ""
) -> str:
    """What is said of contrasts that are not decided: the difference that every one of them would have shown.

    With 80 % power at the corrected level. In brackets, with a space before; empty if it is not known.
    """
    sizes = [row["detectable"] for row in rows if math.isfinite(row["detectable"])]
    if not sizes:
        return ""
    return f" ({what} of {number(scale * max(sizes))}{unit} would probably have been seen)"
