"""Fuzz the parsers: mutated files and command lines, kept where they reach new lines of study/.

    python tests/fuzz/fuzz.py all --minutes 10 --out results/reliability/fuzzing.csv
    python tests/fuzz/fuzz.py csv --minutes 1 --corpus tests/fuzz/corpus
    python tests/fuzz/fuzz.py --replay tests/fuzz/corpus

An input passes if it is accepted, or refused in one line. Any other exception, more than 10 s, more than 3 GiB of
memory and the death of the process are failures; each new failure is saved with its input files below .fuzz/. A corpus
holds recipes: the number of a seed file, then the random seeds of the mutations.
"""

import argparse
import datetime
import json
import multiprocessing
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.fuzz.worker import Recipe, built, prepare, tried, work  # noqa: E402

NAMES = (
    *("npy", "npz", "idx", "csv", "pictures", "windows", "onnx", "checkpoint", "strategy", "cell", "results"),
    *("configuration", "command"),
)
PER_WORKER = 20_000  # inputs after which a process is replaced, so that no leak adds up
SLOWEST = 0.25  # seconds of an input that a corpus takes
PER_TARGET = 60  # inputs of a corpus
GRACE = 60.0  # seconds without a word after which a process is killed; it may be making its seeds


@dataclass
class Campaign:
    """The state of fuzzing one target."""

    name: str
    began: float = field(default_factory=time.monotonic)
    states: Counter[str] = field(default_factory=Counter)
    failures: dict[str, tuple[Recipe, str, int]] = field(default_factory=dict)
    kept: list[Recipe] = field(default_factory=list)
    quick: list[tuple[int, Recipe]] = field(default_factory=list)
    seen: set[tuple[str, int]] = field(default_factory=set)
    longest: float = 0.0
    peak: int = 0
    commit: str = field(default_factory=lambda: _commit())

    def note(
        self, recipe: Recipe, state: str, what: str, seconds: float = 0.0, new: Any = (), peak: int = 0
    ) -> None:
        """Count one input."""
        self.longest, self.peak = max(self.longest, seconds), max(self.peak, peak)
        if state in ("taken", "refused"):
            self.states[state] += 1
            if new:
                self.seen |= set(new)
                self.kept.append(recipe)
                if seconds < SLOWEST:
                    self.quick.append((len(new), recipe))
            return
        self.states["failed"] += 1
        count = self.failures.get(state, (recipe, what, 0))[2]
        self.failures[state] = (*self.failures.get(state, (recipe, what))[:2], count + 1)
        if not count:
            print(f"{self.name}: {state}: {what}", flush=True)

    def row(self) -> dict[str, Any]:
        """The line of the table."""
        return {
            "target": self.name,
            "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "minutes": round((time.monotonic() - self.began) / 60, 1),
            "inputs": self.states.total(),
            "taken": self.states["taken"],
            "refused": self.states["refused"],
            "failed": self.states["failed"],
            "failures": len(self.failures),
            "kept": len(self.kept),
            "lines": len(self.seen),
            "longest_seconds": round(self.longest, 2),
            "memory_mib": round(self.peak / 1024),
            "commit": self.commit,
        }


def run(name: str, *, minutes: float, seed: int) -> Campaign:
    """Fuzz one target."""
    found = Campaign(name)
    context, number = multiprocessing.get_context("spawn"), seed
    while time.monotonic() - found.began < 60 * minutes:
        ours, theirs = context.Pipe()
        given = (theirs, name, number, found.kept, found.seen, PER_WORKER)
        process = context.Process(target=work, args=given, daemon=True)
        process.start()
        theirs.close()
        _listen(ours, process, found, until=found.began + 60 * minutes)
        number += 1
    return found


def _listen(pipe: Connection, process: Any, found: Campaign, *, until: float) -> None:
    """Record the messages of a worker process until it ends, hangs or runs out of time."""
    recipe: Recipe = ()
    patience = 10 * GRACE  # while it makes its seeds
    while True:
        try:
            if not pipe.poll(patience):
                process.kill()
                found.note(recipe, "killed: hangs outside Python", f"no word for {patience:.0f} s")
                break
            said = pipe.recv()
        except EOFError:
            process.join()
            state = f"died with exit code {process.exitcode}"
            found.note(recipe, state, "the process ended")
            break
        if said[0] == "end":
            break
        if said[0] == "try":
            recipe, patience = said[1], GRACE
        else:
            found.note(recipe, *said[1:])
            if time.monotonic() > until:
                break
    process.kill()
    process.join()


def save_failures(found: Campaign, folder: Path) -> None:
    """The first input of every failure as files, with its recipe and what happened."""
    from tests.fuzz.targets import TARGETS

    for number, (state, (recipe, what, count)) in enumerate(found.failures.items()):
        place = folder / found.name / str(number)
        place.mkdir(parents=True, exist_ok=True)
        told = {"state": state, "what": what, "times": count, "recipe": recipe}
        (place / "failure.json").write_text(json.dumps(told, indent=2))
        if recipe:
            for name, content in built(TARGETS[found.name], recipe, {}).items():
                (place / name).write_bytes(content)


def save_corpus(found: Campaign, folder: Path) -> None:
    """Inputs that reached most new lines, as recipes."""
    best = sorted(found.quick, reverse=True)[:PER_TARGET]
    text = json.dumps(sorted(recipe for _, recipe in best), separators=(",", ":")).replace("],", "],\n")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{found.name}.json").write_text(text + "\n")


def replay(folder: Path) -> int:
    """Try every input of a corpus in this process; returns how many failed."""
    prepare()
    from tests.fuzz.targets import TARGETS

    failed = 0
    for path in sorted(folder.glob("*.json")):
        began, target, count = time.perf_counter(), TARGETS[path.stem], 0
        for recipe in map(tuple, json.loads(path.read_text())):
            state, what, _ = tried(target, built(target, recipe, {}))
            count += 1
            if state not in ("taken", "refused"):
                failed += 1
                print(f"{path.stem} {list(recipe)}: {state}: {what}")
        print(f"{path.stem}: {count} inputs, {time.perf_counter() - began:.1f} s")
    return failed


def write(row: dict[str, Any], out: Path) -> None:
    """Write or extend the table; a target that is there already gets its new line."""
    import pandas as pd

    from study.runtime.environment import cores
    from study.runtime.versions import package_versions

    facts = {"cores": cores(), "platform": platform.platform()}
    versions = package_versions()
    named = ("python", "numpy", "pandas", "pyarrow", "onnx", "onnxruntime", "jax")
    facts["versions"] = ", ".join(f"{name} {versions[name]}" for name in named if name in versions)
    table = pd.DataFrame([{**row, **facts}])
    if out.is_file():
        old = pd.read_csv(out)
        table = pd.concat([old[~old["target"].isin(table["target"])], table], ignore_index=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    table.sort_values("target").to_csv(out, index=False)


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def main() -> int:
    """Run what the command line asks for; the exit code is 1 where something failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", nargs="*", help=", ".join([*NAMES, "all"]))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, help="table to write or extend")
    parser.add_argument("--corpus", type=Path, help="folder for the inputs that reached most")
    parser.add_argument("--failures", type=Path, default=Path(".fuzz"))
    parser.add_argument("--replay", type=Path, help="try the inputs of a corpus, and stop")
    given = parser.parse_args()
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
    os.environ["STUDY_DATA"] = os.environ["STUDY_STORE"] = tempfile.mkdtemp(prefix="fuzz-empty-")
    if given.replay is not None:
        return int(replay(given.replay) > 0)
    if unknown := set(given.target) - {*NAMES, "all"}:
        parser.error(f"no target {min(unknown)!r}; give {', '.join(NAMES)} or all")
    names = NAMES if "all" in given.target else tuple(given.target)
    lock = threading.Lock()

    def one(name: str) -> bool:
        found = run(name, minutes=given.minutes, seed=given.seed)
        row = found.row()
        with lock:
            print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
            save_failures(found, given.failures)
            if given.corpus is not None:
                save_corpus(found, given.corpus)
            if given.out is not None:
                write(row, given.out)
        return bool(found.failures)

    with ThreadPoolExecutor(given.jobs) as pool:
        return int(any(pool.map(one, names)))


if __name__ == "__main__":
    sys.exit(main())
