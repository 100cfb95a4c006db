"""What a run has left to do: cells that the store lacks, and a results folder that is not what it would write.

The tables follow from the units of the store, and the report from the tables, the code and its packages. So a run whose
units are all in the store, and whose folder is, byte for byte, what such a run wrote before, has nothing to do.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from study.config.serialise import to_dict
from study.errors import StudyError
from study.pipeline.experiment import Experiment
from study.pipeline.plan import Plan, PlannedCell
from study.pipeline.store import Store, content_key
from study.runtime.folders import MANIFEST, manifest, read_manifest, sha256
from study.runtime.versions import code_digest, digest_of, package_versions, project_version

STAGE = "report"


class Written(NamedTuple):
    """A results folder that was written earlier.

    Attributes:
        answer: the answer to the question in a sentence or two.
        page: the path of the report.
    """

    answer: str
    page: Path


def missing(plan: Plan, store: Store) -> int:
    """How many cells are not done, plus one if an extractor is missing: what a run would have to write."""
    keys = plan.extractor_keys[:1] if plan.config.strategies else ()
    absent = not all(store.has("features", key) for key in keys)
    return sum(absent or not done(planned, store) for planned in plan.cells)


def done(planned: PlannedCell, store: Store) -> bool:
    """Whether the store holds a trained cell and all its measurements."""
    return all(store.has(*unit) for unit in (("train", planned.train_key), *planned.units))


def report_key(
    experiment: Experiment, plans: Sequence[Plan], *, profile: str, command: str, out: Path
) -> str | None:
    """The key of what a run writes into `out`: all that decides it, the code of study and experiment included.

    None for an experiment that was not loaded from a file, since its code is not known.
    """
    if experiment.source is None:
        return None
    beside = experiment.source.parent
    units = [[[cell.train_key, cell.evaluate_key] for cell in plan.cells] for plan in plans]
    return content_key(
        {
            "stage": STAGE,
            "experiment": [experiment.name, experiment.question, profile, command, str(out.absolute())],
            "configurations": json.dumps([to_dict(plan.config) for plan in plans], sort_keys=True),
            "data": [[plan.whole.name, plan.whole.source, plan.whole.read_as] for plan in plans],
            "extractors": [plan.extractor_keys for plan in plans],
            "units": units,
            "code": [code_digest(), digest_of(beside.glob("*.py"), beside)],
            "versions": package_versions(),
            "project": project_version(),
        }
    )


def written(store: Store, key: str, out: Path) -> Written | None:
    """The results folder, if it still is what the run with this key wrote; else None."""
    found, state = store.get(STAGE, key), _state(out)
    if found is None or not state or found.facts["folder"] != state:
        return None
    return Written(found.facts["answer"], out / "report.html")


def remember(store: Store, key: str, out: Path, answer: str) -> None:
    """Note what a run has written.

    Raises:
        FileError: the store cannot be written.
    """
    store.put(STAGE, key, {}, {"answer": answer, "folder": _state(out)})


def _state(folder: Path) -> str:
    """A digest of every file that belongs to a results folder; empty if one was altered or is missing."""
    try:
        recorded = manifest(read_manifest(folder))
        if any(sha256(folder / name) != digest for name, digest in recorded.items()):
            return ""
        return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    except (OSError, StudyError):
        return ""
