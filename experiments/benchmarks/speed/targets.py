"""What was to be reached, as declared before it was measured, beside what was."""

import dataclasses

import numpy as np
import pandas as pd

from experiments.benchmarks.speed.cases import OURS


@dataclasses.dataclass(frozen=True)
class Target:
    """One number of the table, and the least or the most that it should be.

    Attributes:
        says: what is to hold.
        name: of the case.
        side: whose row.
        column: of the summary.
        limit: see `least`.
        least: whether larger values are better.
    """

    says: str
    name: str
    side: str
    column: str
    limit: float
    least: bool = True


OLD = "0eb2112"
STUDY = "study of 45 models on digits, nothing cached"
CACHED = "study of 45 models on digits, everything cached"
FOUR = f"{STUDY}, four extractors"
EVALUATION = "evaluation of an MNIST model, of 16"
MANY = "study on digits, per model, models = 64"
DIGITS, MNIST = "training on digits, per model", "training on MNIST, per model and epoch, N = 60,000"
TARGETS = (
    Target("45 models, nothing cached: 3 times as fast as 0eb2112", STUDY, OLD, "ratio", 3),
    Target("45 models, everything cached: 8 times as fast as 0eb2112", CACHED, OLD, "ratio", 8),
    Target("45 models, four extractors: faster than 0eb2112 with one", FOUR, OLD, "ratio", 1),
    Target("evaluation of an MNIST model: 4 times as fast as 0eb2112", EVALUATION, OLD, "ratio", 4),
    Target("training on digits: 20 times as fast as pythae", DIGITS, "pythae", "ratio", 20),
    Target("training on digits: at most 2 times the bound", DIGITS, OURS, "times_bound", 2, least=False),
    Target("training on MNIST: 3.5 times as fast as pythae", MNIST, "pythae", "ratio", 3.5),
    Target("training on MNIST: at most 1.5 times the bound", MNIST, OURS, "times_bound", 1.5, least=False),
    Target("45 models: 8 times as fast as with pythae and prdc", STUDY, "pythae and prdc", "ratio", 8),
    Target("45 models, nothing cached: no more memory than 0eb2112", STUDY, OLD, "peak_ratio", 1),
    Target("64 models: not longer per model than 16", MANY, OURS, "growth", 1, least=False),
    Target("64 models: not more programs than 16", MANY, OURS, "program_growth", 1, least=False),
)


OPEN, MISSING = "not decided", "not measured"


def reached(table: pd.DataFrame) -> list[tuple[Target, float, str]]:
    """Every target: the number, and "yes", "no", `OPEN` if measured beside other work, or NaN and `MISSING`."""
    found = []
    for target in TARGETS:
        rows = table[(table["name"] == target.name) & (table["side"] == target.side)]
        value = float(rows[target.column].iloc[0]) if len(rows) else np.nan
        if not np.isfinite(value):
            found.append((target, np.nan, MISSING))
            continue
        good = "yes" if (value >= target.limit if target.least else value <= target.limit) else "no"
        found.append((target, value, good if rows["quiet"].iloc[0] else OPEN))
    return found
