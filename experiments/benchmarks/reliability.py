"""Is anything lost, torn or computed twice when runs are killed, run side by side, or have no room to write?

A study of 500 small models on digits is killed (SIGKILL to the whole process group) at random moments, 2 to 15 s after
each start (later if starting takes long), until it has finished and was killed often enough. Its tables are then
compared with those of an undisturbed run: every column except times, bit for bit. After every kill the results folder,
if there is one, is read from a copy and compared too. Further cases: two and three runs start at once on one store and
one results folder; the disk is full, at several sizes, and the run is resumed when there is room; a store, complete or
not, is read-only. Small disks and read-only stores need permission to mount.

    python experiments/benchmarks/reliability.py            an hour on two cores; writes results/reliability/
    python experiments/benchmarks/reliability.py --profile short --kills 10

Finished cases are stored below --work, and the same command resumes from there.
"""

import argparse
import contextlib
import datetime
import json
import os
import platform
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from reliability_room import file_limit, full_disk, full_output, read_only_store
from reliability_study import PROFILES
from reliability_tables import Place, damaged, differing, leftovers, stored, tables, undisturbed

from study import StudyError
from study.runtime.environment import cores
from study.runtime.versions import package_versions, project_version

EARLIEST, LATEST = 2.0, 15.0  # seconds from a start to its kill


def killed(folder: Path, profile: str, *, kills: int, seed: int) -> dict[str, Any]:
    """Kill one run repeatedly; returns the row that describes its final state."""
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
        print(f"kill {count}: {stored(place.kept)} cells trained, finished {finished} times", flush=True)
        if count >= kills:
            if code == 0:
                break
            latest *= 1.5  # let it finish
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
    """Seconds until a run has made its plan, which depends on the load of the machine."""
    began = time.monotonic()
    subprocess.run([*place.command, "--dry-run"], capture_output=True, check=False)
    return time.monotonic() - began


def _readable(out: Path, copy: Path, right: dict[str, pd.DataFrame]) -> str:
    """Whether a results folder, read from a copy, holds the right tables: "same", "differs" or "refused"."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(out, copy)
    for claim in copy.glob(".*claim*"):  # left by the killed process
        claim.unlink()
    try:
        return "same" if differing(tables(copy), right) == (0, 0) else "differs"
    except StudyError as error:
        print(f"refused: {error}", flush=True)
        return "refused"


def at_once(folder: Path, profile: str, *, processes: int) -> dict[str, Any]:
    """Start several runs at once on one store and one results folder."""
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


def main() -> int:
    """Run every case that is not done yet; the exit code is 1 if one failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--profile", choices=PROFILES, default="full", help="of the run that is killed")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--work", type=Path, default=Path(".study-reliability"), help="folder of runs and finished cases"
    )
    parser.add_argument("--out", type=Path, default=Path("results/reliability"))
    given = parser.parse_args()
    work = given.work.resolve()
    few = "short"
    cases: dict[str, Callable[[], dict[str, Any]]] = {
        "killed": lambda: killed(work, given.profile, kills=given.kills, seed=given.seed),
        "two": lambda: at_once(work, few, processes=2),
        "three": lambda: at_once(work, few, processes=3),
        **{f"disk {s}": lambda size=s: full_disk(work, few, size=size) for s in ("200k", "2m", "6m")},
        **{f"limit {s}": lambda size=s: file_limit(work, few, size=size) for s in (500, 60_000, 300_000)},
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
        except StudyError as error:  # this machine does not allow it
            print(f"{name}: left out: {error}", flush=True)
            continue
        print(done[name], flush=True)
        known.write_text(json.dumps(done, default=str))
    return write(pd.DataFrame([done[name] for name in cases if name in done]), given.out)


def write(table: pd.DataFrame, out: Path) -> int:
    """Write the table and the facts about its machine; returns the exit code."""
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
