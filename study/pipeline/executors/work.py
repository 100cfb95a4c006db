"""What a process needs that works on another's plan: the inputs of the plan, made into a job again."""

import dataclasses

from study.config import StudyConfig
from study.data.base import Dataset
from study.metrics.evaluate import evaluators
from study.pipeline.extractor import feature_extractors
from study.pipeline.job import Count, Job
from study.pipeline.plan import Plan, make_plan
from study.pipeline.store import Store
from study.training.engine import Batching


@dataclasses.dataclass(frozen=True, eq=False)
class Work:
    """The inputs of a plan and the keys of its cells, which can be sent to another process.

    Attributes:
        config, data, batching: as in `Plan`; the whole data set.
        keys: the keys of all measurements, by cell.
        store: a folder that both processes see.
    """

    config: StudyConfig
    data: Dataset
    batching: Batching
    keys: tuple[str, ...]
    store: Store

    @classmethod
    def of(cls, job: Job) -> "Work":
        """The work of a job."""
        plan = job.plan
        return cls(plan.config, plan.whole, plan.batching, _keys(plan), Store(job.store.folder.resolve()))

    def job(self) -> Job | None:
        """The job; None if this process knows other strategies or metrics, and would store other numbers."""
        plan = make_plan(self.config, self.data, batching=self.batching)
        if _keys(plan) != self.keys:
            return None
        extractors = feature_extractors(plan, self.store) if plan.config.strategies else ()
        made = (
            evaluators(plan.measured, extractors, n=plan.n_samples, pictured=plan.pictured)
            if extractors
            else ()
        )
        return Job(plan, self.store, made, Count())


def _keys(plan: Plan) -> tuple[str, ...]:
    return tuple(planned.evaluate_key for planned in plan.cells)
