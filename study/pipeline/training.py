"""Trains the planned cells that are not in the store: first this process's, then those that others have claimed."""

from collections.abc import Generator, Iterator, Sequence

from study.errors import FileError
from study.pipeline.job import Job
from study.pipeline.plan import PlannedCell
from study.pipeline.store import Store
from study.runtime.checks import said
from study.runtime.claims import Claim
from study.runtime.environment import device_name, package_versions
from study.training import checkpoint
from study.training.engine import Cell, train_cells
from study.training.model import TrainedModel

TrainedCell = tuple[PlannedCell, str]  # a cell, and the reason why its training failed; empty if it did not


def train(absent: Sequence[PlannedCell], job: Job) -> Generator[TrainedCell, None, None]:
    """Train these cells; yields each when its training is in the store, or has failed."""
    mine = _Claimed(absent, job.store)
    try:
        yield from _train(mine, len(absent), job)
    finally:
        mine.release()
    yield from mine.found
    for planned in mine.busy:
        with job.store.claimed("train", planned.train_key):
            found = job.store.get("train", planned.train_key)
            again = [] if found is not None else list(_train(_Claimed([planned], None), 1, job))
        yield from again or [(planned, "")]


class _Claimed(Iterator[Cell]):
    """The cells that this process may train; each is claimed when the engine requests it.

    Attributes:
        held: cells in training, with their claims.
        busy: cells that another process has claimed.
        found: cells that another process has finished in the meantime.
    """

    def __init__(self, wanted: Sequence[PlannedCell], store: Store | None):
        self._wanted, self._store = list(wanted), store
        self.held: dict[Cell, tuple[PlannedCell, Claim | None]] = {}
        self.busy: list[PlannedCell] = []
        self.found: list[TrainedCell] = []

    def __next__(self) -> Cell:
        while self._wanted:
            planned = self._wanted.pop(0)
            claim = None
            if self._store is not None:
                claim = self._store.claim("train", planned.train_key)
                if claim is None:
                    self.busy.append(planned)
                    continue
                found = self._store.get("train", planned.train_key)
                if found is not None:
                    claim.release()
                    self.found.append((planned, ""))
                    continue
            self.held[planned.cell] = (planned, claim)
            return planned.cell
        raise StopIteration

    def finish(self, cell: Cell) -> None:
        """Release a cell that is stored or has failed."""
        _, claim = self.held.pop(cell)
        if claim is not None:
            claim.release()

    def release(self) -> None:
        """Release all cells that are still held."""
        for cell in list(self.held):
            self.finish(cell)

    def rest(self) -> list[PlannedCell]:
        """The cells that are held, and those that were not requested yet."""
        return [planned for planned, _ in self.held.values()] + self._wanted


def _fall(model: TrainedModel) -> dict[str, float]:
    """The columns of `runs` on whether training was long enough; none if it was too short to tell, or has no loss."""
    found = model.convergence if model.encodes else None
    if found is None or not found.epochs:
        return {}
    return {"still_falling": found.fall, "still_falling_error": found.stderr}


def _train(cells: _Claimed, count: int, job: Job) -> Iterator[TrainedCell]:
    plan = job.plan
    try:
        for trained in train_cells(
            plan.data, plan.architecture, plan.config.training, cells, batching=plan.batching, count=count
        ):
            job.count.trained += 1
            planned = cells.held[trained.cell][0]
            if trained.model.finite:
                arrays, facts = checkpoint.pack(trained.model)
                facts |= _fall(trained.model) | {
                    "train_seconds": trained.seconds,
                    "compile_seconds": trained.compile_seconds,
                    "device": device_name(),
                    "versions": package_versions(),
                }
                job.store.put("train", planned.train_key, arrays, facts)
                made: TrainedCell = (planned, "")
            else:
                reason = "diverged: losses or parameters are not finite; lower the learning rate"
                made = (planned, reason)
            cells.finish(trained.cell)
            yield made
    except FileError:
        raise
    except Exception as error:
        for planned in cells.rest():
            yield planned, f"training stopped: {said(error)}"
