"""The verdicts on all claims, from results folders, and as the table `claims.csv`."""

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from study.claims.evidence import Evidence, find, read
from study.claims.registry import claims
from study.claims.rule import MEASURED_IN
from study.claims.verdicts import Judged, Outcome, judge
from study.tables import schemas

TOGETHER = "all tests"


def collected(root: Path) -> list[Evidence]:
    """The evidence of every experiment that a claim or the rule of thumb reads, below the folder of all results.

    Raises:
        StudyError: one of the folders was altered or cannot be read.
    """
    names = dict.fromkeys([*(name for claim in claims() for name in claim.reads), *MEASURED_IN])
    return [read(path, experiment=e, dataset=d) for (e, d), path in find(root, tuple(names)).items()]


def judged(every: Iterable[Evidence]) -> list[Judged]:
    """The verdict on every claim on every data set that it is about."""
    tables: dict[str, dict[str, Evidence]] = {}
    for found in every:
        tables.setdefault(found.dataset, {})[found.experiment] = found
        for other in _also(found):  # of two data sets, unless the other one has a run of its own
            tables.setdefault(other, {}).setdefault(
                found.experiment, dataclasses.replace(found, dataset=other)
            )
    return [judge(claim, data, tables.get(data, {})) for claim in claims() for data in claim.datasets]


def _also(found: Evidence) -> Iterator[str]:
    """The other data sets that the experiment's own tables are about, which name theirs in a column `data`."""
    for table in found.own.values():
        if "data" in table:
            yield from (str(name) for name in table["data"].unique() if name != found.dataset)


def claim_table(found: Sequence[Judged]) -> pd.DataFrame:
    """The columns of `schemas.CLAIMS`: for each claim and data set a row for all tests together, then one for each.

    The row for all tests has the effect of the first test with that verdict. `n` is the number of trainings.
    """
    rows = [row for one in found for row in _rows(one)]
    return schemas.conform(pd.DataFrame(rows, columns=[*schemas.CLAIMS]), "claims")


def _rows(one: Judged) -> Iterator[dict[str, Any]]:
    claim = one.claim
    facts = {
        "claim": claim.number,
        "statement": claim.statement,
        "said_by": claim.said_by,
        "dataset": one.dataset,
    }
    named = f"{TOGETHER}; effect of {_name(one.shown)}" if one.shown else f"{TOGETHER}; {one.on}"
    yield {**facts, "verdict": one.verdict, **_effect(one.shown), "test": named}
    for test in one.tests:
        if test.found is not None:
            yield {**facts, "verdict": test.verdict, **_effect(test), "test": _name(test)}


def _name(test: Outcome) -> str:
    return f"{test.test.metric}: {test.test.quantity}"


def _effect(test: Outcome | None) -> dict[str, Any]:
    if test is None:
        return {"effect": math.nan, "low": math.nan, "high": math.nan, "n": 0}
    return {"effect": test.effect, "low": test.low, "high": test.high, "n": test.seeds}
