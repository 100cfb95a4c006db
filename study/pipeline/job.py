"""What every step of a run needs, and how a cell ends."""

import dataclasses
from typing import Any

from study.metrics.evaluate import Evaluator
from study.pipeline.plan import Plan, PlannedCell
from study.pipeline.store import Store
from study.scoring.context import Evaluation


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """One cell's end: its tables where it is done, else the reason why not.

    Attributes:
        planned: the cell.
        facts: seconds, device and versions, as far as it came.
        losses: `[epochs, 2, 2]` or None.
        evaluation: what was measured, or None.
        reason: why it failed; empty where it is done, be it that some of its strategies failed.
    """

    planned: PlannedCell
    facts: dict[str, Any]
    losses: Any = None
    evaluation: Evaluation | None = None
    reason: str = ""

    @property
    def failure(self) -> str:
        """What went wrong with the cell or one of its strategies; empty where nothing did."""
        return self.reason or (self.evaluation.failure if self.evaluation else "")


@dataclasses.dataclass(eq=False)
class Count:
    """What this process computed itself, of what it was asked for."""

    trained: int = 0
    scored: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class Job:
    """What every step of a run needs."""

    plan: Plan
    store: Store
    evaluator: Evaluator | None
    count: Count
