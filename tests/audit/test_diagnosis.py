"""Models that are broken on purpose get their diagnosis and no other; good ones get none."""

from pathlib import Path

import pandas as pd
import pytest

from experiments.benchmarks.audit import NOTHING, audited
from experiments.benchmarks.audit_models import CASES, SEEDS
from tests.tiers import variant

COMMITTED = Path(__file__).parents[2] / "results" / "audit" / "confusion.csv"


def diagnosed(name: str, seed: int, **settings: int) -> None:
    expected, found = audited(name, seed, **settings)
    judged = found.diagnosis[found.diagnosis["name"] != "mode or sample"]
    told = list(judged.loc[judged["found"] == "yes", "name"]) or [NOTHING]
    assert told == [expected]
    assert judged["says"].str.contains(r"\d").all(), "every answer has a number"
    assert (judged.loc[judged["found"] == "yes", "mend"] != "").all()
    assert len(found.answer.split()) < 60


VARIANTS = ("good: waves", "good: plane", "unused latents", "ring")  # of other shapes, so each compiles anew


@pytest.mark.integration
@pytest.mark.parametrize("name", [variant(name) if name in VARIANTS else name for name in CASES])
def test_one_seed_of_each_with_one_evaluation(name: str) -> None:
    """Nothing that a diagnosis is made of needs the other evaluations, which take most of the time."""
    diagnosed(name, SEEDS[0], evaluations=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", CASES)
def test_every_seed_of_each(name: str, seed: int) -> None:
    diagnosed(name, seed)


def test_the_committed_table_is_of_these_cases() -> None:
    table = pd.read_csv(COMMITTED)
    assert list(table["case"]) == list(CASES)
    assert (table["right"] == len(SEEDS)).all() and (table["seeds"] == len(SEEDS)).all()
    names = table.columns.drop(["case", "expected", "seeds", "right"])
    assert table[names].to_numpy().sum() == len(SEEDS) * len(CASES), "one diagnosis for each model"
