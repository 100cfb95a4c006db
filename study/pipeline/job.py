"""The inputs of every step of a run, and the outcome of a cell."""

import dataclasses
from typing import Any

from study.metrics.evaluate import Evaluator
from study.pipeline.plan import Plan, PlannedCell
from study.pipeline.store import Store
from study.scoring.context import Evaluation


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """The outcome of one cell: its measurements, or the reason why there are none.

    Attributes:
        planned: the cell.
        facts: seconds, device and versions of the completed steps.
        losses: `[epochs, 2, 2]` or None.
        evaluation: the measurements, or None.
        reason: why it failed; empty if it is done, even if some of its strategies failed.
    """

    planned: PlannedCell
    facts: dict[str, Any]
    losses: Any = None
    evaluation: Evaluation | None = None
    reason: str = ""

    @property
    def failure(self) -> str:
        """What went wrong with the cell or one of its strategies; empty if nothing did."""
        return self.reason or (self.evaluation.failure if self.evaluation else "")


@dataclasses.dataclass(eq=False)
class Count:
    """What this process and its helpers computed themselves instead of reading it.

    Attributes:
        trained, scored: how many cells.
        memory: the most that the helpers took, in bytes.
    """

    trained: int = 0
    scored: int = 0
    memory: int = 0


@dataclasses.dataclass(frozen=True, eq=False)
class Job:
    """The inputs that every step of a run shares.

    Attributes:
        backwards: whether the units of a cell are measured from last to first, so that two processes that begin at
            the same time compile different programs, each of which the other then reads.
    """

    plan: Plan
    store: Store
    evaluators: tuple[Evaluator, ...]
    count: Count
    backwards: bool = False
