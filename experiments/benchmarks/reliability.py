"""Is anything lost, torn or computed twice when runs are killed, run side by side, or find no room to write?

A study of 500 small models on digits is killed (SIGKILL, the whole process group) at random moments, 2 to 15 s after
its start or later where a start takes long, again and again, until it is done and was killed often enough; its tables
are then compared with those of an undisturbed run: every column but times, to the last bit. After every kill the
results folder, as far as there is one, is read from a copy and compared too. Then two and three runs begin at once on
one store and one results folder; a run finds its disk full, at several sizes, and goes on when there is room; and a
store is read-only, complete or not. Small disks and read-only stores need the right to mount.

    python experiments/benchmarks/reliability.py            an hour on two cores, writes results/reliability/
    python experiments/benchmarks/reliability.py --profile short --kills 10

What is done is kept below --work, and the same command goes on from there.
"""

import argparse
import contextlib
import dataclasses
import datetime
import json
import os
import platform
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from study import Experiment, StudyConfig, StudyError, TrainConfig, VAEConfig, load_results, schemas
from study.cells import STAGES, Store
from study.environment import cores
from study.runtime.versions import package_versions, project_version

FULL = StudyConfig(
    dataset="digits",
    model=VAEConfig(latent_dim=2, hidden=(8,)),
    training=TrainConfig(steps=20),
    alphas=(0.25, 0.5, 1.0, 2.0, 4.0),
    betas=(0.25, 0.5, 1.0, 2.0, 4.0),
    seeds=tuple(range(20)),
    strategies=("prior", "posterior", "held-out"),
    n_samples=100,
    density_draws=50,
)
SHORT = dataclasses.replace(FULL, alphas=(1.0, 2.0), betas=(1.0, 2.0), seeds=tuple(range(15)))
PROFILES = {
    "full": FULL,
    "short": SHORT,
    "few": dataclasses.replace(SHORT, alphas=(1.0,), seeds=(0, 1, 2, 3)),
}
EXPERIMENT = Experiment(
    name="reliability", question="Does a run that is disturbed end as one that is not?", profiles=PROFILES
)
EARLIEST, LATEST = 2.0, 15.0  # seconds from a start to its kill
TIMES = ["train_seconds", "compile_seconds", "evaluate_seconds"]
COSTS = "seconds|memory"  # metrics that are measured anew by every run
KEYS = {
    "runs": ["run_id"],
    "metrics": ["run_id", "strategy", "fit", "draw", "metric"],
    "latents": ["run_id", "dimension"],
    "losses": ["run_id", "epoch", "split"],
}


@dataclasses.dataclass(frozen=True)
class Place:
    """Where one run puts what it makes."""

    folder: Path
    profile: str
    store: Path | None = None

    @property
    def out(self) -> Path:
        """The results folder."""
        return self.folder / "out"

    @property
    def command(self) -> list[str]:
        """What a user types."""
        store = self.store or self.folder / "store"
        where = ["--out", str(self.out), "--store", str(store), "--profile", self.profile]
        return [sys.executable, "-m", "study.cli", "run", str(Path(__file__).resolve()), *where]

    @property
    def kept(self) -> Store:
        """Its store."""
        return Store(self.store or self.folder / "store")

    def start(self, **more: Any) -> subprocess.Popen:
        """Begin, as a process group of its own; what it says goes to pipes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.command, stdout=pipe, stderr=pipe, text=True, start_new_session=True, cwd=self.folder, **more
        )


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    """What does not depend on time, in an order of its own."""
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
    """Cells that are lost, and cells of which anything differs."""
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
    """Files of the store that are torn; they are left where they are."""
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
    """Files that begin as unfinished ones do, and claims."""
    return sum(
        len([path for path in folder.rglob(pattern) if path.is_file()])
        for folder in folders
        for pattern in (".writing-*", "*.claim")
    )


def undisturbed(folder: Path, profile: str) -> dict[str, pd.DataFrame]:
    """The tables that are right."""
    place = Place(folder / f"undisturbed-{profile}", profile)
    if not (place.out / "provenance.json").is_file():
        process = place.start()
        _, said = process.communicate()
        if process.returncode:
            raise StudyError(f"the undisturbed run failed: {said[-500:]}")
    return tables(place.out)


def killed(folder: Path, profile: str, *, kills: int, seed: int) -> dict[str, Any]:
    """Kill one run again and again; what is left of it at the end."""
    right = undisturbed(folder, profile)
    place, rng, began = Place(folder / f"killed-{profile}", profile), random.Random(seed), time.monotonic()
    if place.folder.is_dir():
        shutil.rmtree(place.folder)
    count, finished, torn, refused, latest, code = 0, 0, 0, 0, max(LATEST, 2.5 * _start_up(place)), -1
    said: list[str] = []
    unfinished: set[Path] = set()
    within = round(latest, 1)
    while True:
        process = place.start()
        with contextlib.suppress(subprocess.TimeoutExpired):
            said.append(process.communicate(timeout=rng.uniform(EARLIEST, latest))[1])
        code = process.poll() if process.poll() is not None else -1
        if code == -1:
            os.killpg(process.pid, signal.SIGKILL)
            said.append(process.communicate()[1])
            count += 1
            unfinished |= {path.resolve() for path in place.out.glob(".writing-*")}
        elif code != 0:
            break
        else:
            finished += 1
        if (place.out / "provenance.json").is_file() or (place.out / ".ready").is_dir():
            state = _readable(place.out, folder / "copy", right)
            torn, refused = torn + (state == "differs"), refused + (state == "refused")
        print(f"kill {count}: {_stored(place.kept)} cells trained, finished {finished} times", flush=True)
        if count >= kills:
            if code == 0:
                break
            latest *= 1.5  # it may end
    lost, wrong = differing(tables(place.out), right) if code == 0 else (len(right["runs"]), 0)
    return {
        "case": "killed",
        "runs": count + finished,
        "kills": count,
        "kills_while_writing_results": len(unfinished),
        "killed_within_seconds": within,
        "cells": len(right["runs"]),
        "lost": lost,
        "differing": wrong,
        "torn_used": torn + sum("damaged" in text for text in said),
        "torn_left": damaged(place.kept),
        "unreadable": refused,
        "exit_codes": str(code),
        "leftovers": leftovers(place.kept.folder, place.out),
        "seconds": round(time.monotonic() - began),
        "passed": code == 0 and not (lost or wrong or torn or refused),
    }


def _start_up(place: Place) -> float:
    """Seconds until a run knows what it has to do; a busy machine needs more."""
    began = time.monotonic()
    subprocess.run([*place.command, "--dry-run"], capture_output=True, check=False)
    return time.monotonic() - began


def _stored(store: Store) -> int:
    return len(list((store.folder / "train").glob("*/*.cell")))


def _readable(out: Path, copy: Path, right: dict[str, pd.DataFrame]) -> str:
    """Whether what lies in a results folder, read from a copy, is what should lie there."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(out, copy)
    for claim in copy.glob(".*claim*"):  # the dead process's
        claim.unlink()
    try:
        return "same" if differing(tables(copy), right) == (0, 0) else "differs"
    except StudyError as error:
        print(f"refused: {error}", flush=True)
        return "refused"


def at_once(folder: Path, profile: str, *, processes: int) -> dict[str, Any]:
    """Several runs begin at once on one store and one results folder."""
    right, began = undisturbed(folder, profile), time.monotonic()
    place = Place(folder / f"at-once-{processes}", profile)
    shutil.rmtree(place.folder, ignore_errors=True)
    started = [place.start() for _ in range(processes)]
    said = [process.communicate() for process in started]
    codes = [process.returncode for process in started]
    trained = [int(found[1]) for out, _ in said if (found := re.search(r"trained (\d+), scored", out))]
    scored = [int(found[1]) for out, _ in said if (found := re.search(r"scored (\d+)", out))]
    lost, wrong = differing(tables(place.out), right) if not any(codes) else (len(right["runs"]), 0)
    for code, (_, error) in zip(codes, said, strict=True):
        if code:
            print(error[-1500:], flush=True)
    cells = len(right["runs"])
    return {
        "case": f"{processes} runs at once",
        "runs": processes,
        "cells": cells,
        "trained": " + ".join(map(str, trained)),
        "scored": " + ".join(map(str, scored)),
        "trained_twice": sum(trained) - cells,
        "lost": lost,
        "differing": wrong,
        "torn_used": sum("damaged" in error for _, error in said),
        "torn_left": damaged(place.kept),
        "exit_codes": " ".join(map(str, codes)),
        "leftovers": leftovers(place.kept.folder, place.out),
        "seconds": round(time.monotonic() - began),
        "passed": not any(codes) and sum(trained) == cells and not (lost or wrong),
    }


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Callable[[str], None]]:
    """`folder` as a file system in memory of so many bytes; the function gives it another size.

    Raises:
        StudyError: this process may not mount.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield lambda size: _mount("-o", f"remount,size={size}", str(folder))
    finally:
        subprocess.run(["umount", str(folder)], check=False)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """A path at which `folder` can be read and not written, by root neither.

    Raises:
        StudyError: this process may not mount.
    """
    view = folder.with_name(f"{folder.name}-read-only")
    view.mkdir(exist_ok=True)
    _mount("--bind", str(folder), str(view))
    try:
        _mount("-o", "remount,ro,bind", str(view))
        yield view
    finally:
        subprocess.run(["umount", str(view)], check=False)


def _mount(*arguments: str) -> None:
    try:
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        raise StudyError(f"mount: {error}") from error
    if done.returncode:
        raise StudyError(f"mount: {done.stderr.strip()}")


def full_disk(folder: Path, profile: str, *, size: str) -> dict[str, Any]:
    """Store and results on a disk that is too small; then it is made larger."""
    place = Place(folder / f"disk-{size}", profile)
    with small_disk(place.folder, size) as resize:
        return _no_room(place, folder, f"a disk of {size}B", lambda: resize("256m"))


def file_limit(folder: Path, profile: str, *, size: int) -> dict[str, Any]:
    """No file may be larger than `size` bytes; then it may."""
    place = Place(folder / f"limit-{size}", profile)
    shutil.rmtree(place.folder, ignore_errors=True)
    preexec = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))  # noqa: E731
    return _no_room(place, folder, f"files of at most {size} bytes", lambda: None, preexec_fn=preexec)


def _no_room(
    place: Place, folder: Path, case: str, make_room: Callable[[], None], **more: Any
) -> dict[str, Any]:
    right, began = undisturbed(folder, place.profile), time.monotonic()
    first = place.start(**more)
    _, said = first.communicate()
    lines = [line for line in said.splitlines() if line.startswith("study: ")]
    kept, torn = _stored(place.kept), damaged(place.kept)
    print(f"{case}: exit code {first.returncode}, {lines[-1:]}, {kept} cells kept", flush=True)
    make_room()
    second = place.start()
    out, error = second.communicate()
    found = re.search(r"trained (\d+)", out)
    trained = int(found[1]) if found else -1
    lost, wrong = (len(right["runs"]), 0) if second.returncode else differing(tables(place.out), right)
    if second.returncode:
        print(error[-1500:], flush=True)
    one_line = first.returncode in (1, 2) and len(lines) == 1 and "Traceback" not in said
    return {
        "case": case,
        "runs": 2,
        "cells": len(right["runs"]),
        "kept": kept,
        "trained": trained,
        "trained_twice": trained + kept - len(right["runs"]),
        "lost": lost,
        "differing": wrong,
        "torn_used": "damaged" in error,
        "torn_left": torn,
        "exit_codes": f"{first.returncode} {second.returncode}",
        "said": lines[-1].replace(str(folder), "") if lines else "",
        "leftovers": leftovers(place.kept.folder, place.out),
        "seconds": round(time.monotonic() - began),
        "passed": one_line and not (lost or wrong or torn) and trained + kept == len(right["runs"]),
    }


def read_only_store(folder: Path, profile: str, *, complete: bool) -> dict[str, Any]:
    """A store that cannot be written: enough if it is complete, else refused before anything is trained."""
    right, began = undisturbed(folder, profile), time.monotonic()
    place = Place(folder / f"read-only-{complete}", profile)
    shutil.rmtree(place.folder, ignore_errors=True)
    shutil.copytree(folder / f"undisturbed-{profile}" / "store", place.folder / "store")
    cells = sorted((place.folder / "store" / "train").glob("*/*.cell"))
    for path in () if complete else cells[:3]:
        path.unlink()
    with read_only(place.folder / "store") as store:
        process = dataclasses.replace(place, store=store).start()
        out, said = process.communicate()
    lines = [line for line in said.splitlines() if line.startswith("study: ")]
    row = {
        "case": f"a read-only store, {'complete' if complete else 'incomplete'}",
        "runs": 1,
        "cells": len(right["runs"]),
        "exit_codes": str(process.returncode),
        "said": lines[-1].replace(str(folder), "") if lines else "",
        "seconds": round(time.monotonic() - began),
    }
    if not complete:
        silent = len(said.splitlines()) == 1 and not place.out.exists()
        return {**row, "passed": process.returncode == 2 and silent}
    lost, wrong = (len(right["runs"]), 0) if process.returncode else differing(tables(place.out), right)
    nothing = "trained 0, scored 0" in out
    passed = process.returncode == 0 and nothing and not (lost or wrong)
    return {**row, "trained": 0 if nothing else -1, "lost": lost, "differing": wrong, "passed": passed}


def full_output(folder: Path, profile: str) -> dict[str, Any]:
    """Standard output that takes nothing, /dev/full: one line, no traceback."""
    undisturbed(folder, profile)
    out, began = folder / f"undisturbed-{profile}" / "out", time.monotonic()
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "study.cli", "status", str(out)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    return {
        "case": "output that takes nothing",
        "runs": 1,
        "exit_codes": str(done.returncode),
        "said": done.stderr.strip().replace(str(folder), ""),
        "seconds": round(time.monotonic() - began),
        "passed": done.returncode in (1, 2) and len(done.stderr.splitlines()) == 1,
    }


def main() -> int:
    """Every case that is not done yet; the exit code is 1 where one failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--profile", choices=PROFILES, default="full", help="of the run that is killed")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=Path(".study-reliability"), help="where runs are kept")
    parser.add_argument("--out", type=Path, default=Path("results/reliability"))
    given = parser.parse_args()
    work = given.work.resolve()
    few = "short"
    cases: dict[str, Callable[[], dict[str, Any]]] = {
        "killed": lambda: killed(work, given.profile, kills=given.kills, seed=given.seed),
        "two": lambda: at_once(work, few, processes=2),
        "three": lambda: at_once(work, few, processes=3),
        **{f"disk {s}": lambda size=s: full_disk(work, few, size=size) for s in ("200k", "2m", "6m")},
        **{f"limit {s}": lambda size=s: file_limit(work, few, size=size) for s in (500, 50_000, 200_000)},
        "read-only, complete": lambda: read_only_store(work, few, complete=True),
        "read-only, incomplete": lambda: read_only_store(work, few, complete=False),
        "full output": lambda: full_output(work, few),
    }
    work.mkdir(parents=True, exist_ok=True)
    known = work / "done.json"
    done: dict[str, Any] = json.loads(known.read_text()) if known.is_file() else {}
    for name, case in cases.items():
        if name in done:
            continue
        try:
            done[name] = case()
        except StudyError as error:  # this machine cannot
            print(f"{name}: left out: {error}", flush=True)
            continue
        print(done[name], flush=True)
        known.write_text(json.dumps(done, default=str))
    return write(pd.DataFrame([done[name] for name in cases if name in done]), given.out)


def write(table: pd.DataFrame, out: Path) -> int:
    """The table, and where it was made; returns the exit code."""
    out.mkdir(parents=True, exist_ok=True)
    whole = {name: "Int64" for name, column in table.items() if column.dtype.kind == "f" and _whole(column)}
    table.astype(whole).to_csv(out / "reliability.csv", index=False)
    versions = package_versions()
    facts = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cores": cores(),
        "platform": platform.platform(),
        "load": [round(one, 1) for one in os.getloadavg()],
        "versions": versions,
        "project": project_version(),
        "killed_after_seconds": [EARLIEST, LATEST],
        "cells": {name: len(c.alphas) * len(c.betas) * len(c.seeds) for name, c in PROFILES.items()},
    }
    (out / "reliability.json").write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")
    print(table.to_string(index=False))
    return int(not table["passed"].all())


def _whole(column: pd.Series) -> bool:
    return bool(np.equal(np.mod(column.dropna(), 1), 0).all())


if __name__ == "__main__":
    sys.exit(main())
