"""Verdicts in words."""

from typing import Any

import pandas as pd

from study.report.text.numbers import interval

UNDECIDED = "Not decided: too few seeds for an interval."
VERDICTS = ("better", "worse", "tie", "none")


def undecided(rows: pd.DataFrame) -> bool:
    """Whether no contrast has an interval, so that no verdict is possible."""
    return bool((rows["verdict"] == "none").all())


def by_verdict(rows: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """The rows by verdict, in the order better, worse, tie, none; verdicts without rows are left out."""
    found = {name: rows[rows["verdict"] == name].to_dict("records") for name in VERDICTS}
    return {name: [{str(k): v for k, v in row.items()} for row in own] for name, own in found.items() if own}


def size(row: Any) -> str:
    """The size of a difference whose interval excludes zero, with its interval, smaller end first."""
    low, high = sorted((abs(row["low"]), abs(row["high"])))
    return interval(abs(row["difference"]), low, high)
