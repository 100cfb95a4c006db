"""What verdicts come to in words."""

from typing import Any

import pandas as pd

from study.report.text.numbers import interval

UNDECIDED = "Not decided: too few seeds for an interval."
VERDICTS = ("better", "worse", "tie", "none")


def undecided(rows: pd.DataFrame) -> bool:
    """Whether no contrast has an interval, so that nothing is decided."""
    return bool((rows["verdict"] == "none").all())


def by_verdict(rows: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """The rows of each verdict that there is, in the order better, worse, tie, none."""
    found = {name: rows[rows["verdict"] == name].to_dict("records") for name in VERDICTS}
    return {name: [{str(k): v for k, v in row.items()} for row in own] for name, own in found.items() if own}


def size(row: Any) -> str:
    """By how much, where a difference is told from zero: its size and its ends, the smaller first."""
    low, high = sorted((abs(row["low"]), abs(row["high"])))
    return interval(abs(row["difference"]), low, high)
