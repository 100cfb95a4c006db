"""Helpers of `reliability.py`: runs as processes, their tables without times, and the files they left behind."""

import dataclasses
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from study import StudyError, load_results
from study.pipeline.store import STAGES, Store
from study.tables import schemas

STUDY = Path(__file__).with_name("reliability_study.py").resolve()
TIMES = ["train_seconds", "compile_seconds", "evaluate_seconds"]
COSTS = "seconds|memory"  # metrics that differ between runs
KEYS = {
    "runs": ["run_id"],
    "metrics": ["run_id", "strategy", "fit", "draw", "metric"],
    "latents": ["run_id", "dimension"],
    "losses": ["run_id", "epoch", "split"],
}


@dataclasses.dataclass(frozen=True)
class Place:
    """The folders of one run."""

    folder: Path
    profile: str
    store: Path | None = None

    @property
    def out(self) -> Path:
        """The results folder."""
        return self.folder / "out"

    @property
    def command(self) -> list[str]:
        """The command line of the run."""
        store = self.store or self.folder / "store"
        where = ["--out", str(self.out), "--store", str(store), "--profile", self.profile]
        return [
            sys.executable,
            "-m",
            "study.cli",
            "run",
            str(STUDY),
            *where,
        ]

    @property
    def kept(self) -> Store:
        """The store of the run."""
        return Store(self.store or self.folder / "store")

    def start(self, **more: Any) -> subprocess.Popen:
        """Start the run in its own process group, with its output in pipes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.command, stdout=pipe, stderr=pipe, text=True, start_new_session=True, cwd=self.folder, **more
        )


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables of a results folder without times and costs, sorted."""
    results = load_results(folder)
    found = {}
    for name, keys in KEYS.items():
        table = getattr(results, name)[list(schemas.TABLES[name])].drop(columns=TIMES, errors="ignore")
        if name == "metrics":
            table = table[~table["metric"].str.contains(COSTS)]
        found[name] = table.sort_values(keys).reset_index(drop=True)
    found["draws"] = results.draws
    found["samples"] = pd.DataFrame(
        {
            "name": sorted(results.samples),
            "bytes": [results.samples[n].tobytes() for n in sorted(results.samples)],
        }
    )
    return found


def differing(found: dict[str, pd.DataFrame], right: dict[str, pd.DataFrame]) -> tuple[int, int]:
    """The numbers of cells that are missing and of cells that differ in anything."""
    lost = set(right["runs"]["run_id"]) - set(found["runs"]["run_id"])
    wrong: set[str] = set()
    for name, table in right.items():
        other = found[name]
        if table.equals(other):
            continue
        column = "run_id" if "run_id" in table else "name"
        one, two = (dict(list(frame.groupby(column))) for frame in (table, other))
        for cell in one.keys() | two.keys():
            same = cell in one and cell in two and _plain(one[cell]).equals(_plain(two[cell]))
            wrong |= set() if same else {str(cell).split("/")[0]}
    return len(lost), len(wrong - lost)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.reset_index(drop=True)


def damaged(store: Store) -> int:
    """The number of damaged files in the store, which are left in place."""
    count = 0
    for stage in STAGES:
        for path in (store.folder / stage).glob("*/*.cell"):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    store.get(stage, path.stem)
                except Warning:
                    count += 1
    return count


def leftovers(*folders: Path) -> int:
    """The number of unfinished files and claims, recognised by their names."""
    return sum(
        len([path for path in folder.rglob(pattern) if path.is_file()])
        for folder in folders
        for pattern in (".writing-*", "*.claim")
    )


def undisturbed(folder: Path, profile: str) -> dict[str, pd.DataFrame]:
    """The right tables: those of an undisturbed run, which is run if needed."""
    place = Place(folder / f"undisturbed-{profile}", profile)
    if not (place.out / "provenance.json").is_file():
        process = place.start()
        _, said = process.communicate()
        if process.returncode:
            raise StudyError(f"the undisturbed run failed: {said[-500:]}")
    return tables(place.out)


def stored(store: Store) -> int:
    """The number of trained models in the store."""
    return len(list((store.folder / "train").glob("*/*.cell")))
