"""Does a study survive what happens to machines? Kills, several runs at once, a full disk, a read-only store.

What is killed is the whole process, with SIGKILL, at random moments, also while it writes results. Afterwards every
table is compared with that of an undisturbed run. A full disk and a read-only store need the right to mount a small
file system.

    python experiments/benchmarks/reliability.py          500 cells on digits, half an hour on two cores; resumable
    python experiments/benchmarks/reliability.py --cells 40 --kills 5 --out elsewhere
"""

import argparse
import contextlib
import json
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

import study
from study.environment import describe

CONFIG = study.StudyConfig(
    model=study.VAEConfig(latent_dim=2, hidden=(8,)),
    training=study.TrainConfig(steps=20),
    alphas=(1.0, 10.0),
    betas=(0.25, 0.5, 1.0, 2.0, 4.0),
    strategies=("prior", "posterior", "held-out"),
    n_samples=50,
    density_draws=50,
)
EXPERIMENT = study.Experiment(name="reliability", question="Does it survive?", profiles={"default": CONFIG})
SETTINGS = len(CONFIG.alphas) * len(CONFIG.betas)
TIMED = ["train_seconds", "compile_seconds", "evaluate_seconds"]


def command(folder: Path, *, store: Path, seeds: int) -> list[str]:
    """One run of the study as a process of its own."""
    places = ["--out", str(folder), "--store", str(store), "--seeds", str(seeds)]
    return [sys.executable, str(Path(__file__)), "--study", *places]


def run(folder: Path, *, store: Path, seeds: int) -> subprocess.CompletedProcess[str]:
    """The same until it ends by itself."""
    return subprocess.run(
        command(folder, store=store, seeds=seeds), capture_output=True, text=True, check=False
    )


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Every table of a results folder, checked on reading, without what depends on the clock."""
    found = study.load_results(folder)
    timed = found.metrics["metric"].str.startswith("seconds")
    frames = {name: getattr(found, name) for name in ("runs", "latents", "losses", "draws")}
    frames |= {"runs": found.runs.drop(columns=TIMED), "metrics": found.metrics[~timed]}
    return frames


def differing(one: Path, other: Path) -> tuple[int, int]:
    """Cells that `other` lacks, and cells of which any number differs."""
    first, second = tables(one), tables(other)
    ids = set(first["runs"]["run_id"])
    lost = ids - set(second["runs"].loc[second["runs"]["status"] == "done", "run_id"])
    wrong = set()
    for name, frame in first.items():
        if frame.equals(second[name]):
            continue
        groups = dict(iter(second[name].groupby("run_id")))
        wrong |= {
            run_id
            for run_id, rows in frame.groupby("run_id")
            if run_id in groups
            and not rows.reset_index(drop=True).equals(groups[run_id].reset_index(drop=True))
        }
    return len(lost), len(wrong)


def leftovers(*folders: Path) -> int:
    """Unfinished files and claims."""
    names = (path.name for folder in folders for path in folder.rglob("*"))
    return sum(name.startswith(".writing-") or name.endswith(".claim") or name == ".ready" for name in names)


def killed(folder: Path, *, seeds: int, kills: int, rng: random.Random) -> dict[str, Any]:
    """Kill the study at random moments until it has been killed so often; then let it end, and compare.

    Once all cells are done every further kill falls into the start, the reading or the writing of results.
    """
    out, store, began = folder / "killed", folder / "killed-store", time.monotonic()
    done = warned = unreadable = 0
    while done < kills:
        process = subprocess.Popen(
            command(out, store=store, seeds=seeds),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(rng.uniform(3, 25))
        if process.poll() is None:
            process.kill()
            done += 1
        warned += process.communicate()[1].count("damaged")
        if (out / "provenance.json").exists():
            unreadable += subprocess.run(
                [sys.executable, "-m", "study.cli", "status", str(out)], capture_output=True, check=False
            ).returncode
        print(f"{done} of {kills} kills, {len(list(store.rglob('*.cell')))} files of cells", flush=True)
    last = run(out, store=store, seeds=seeds)
    whole = run(folder / "whole", store=folder / "whole-store", seeds=seeds)
    lost, wrong = differing(folder / "whole", out)
    return {
        "check": "killed",
        "cells": seeds * SETTINGS,
        "kills": done,
        "exit_codes": f"{last.returncode} {whole.returncode}",
        "lost": lost,
        "differing": wrong,
        "torn_files_seen": warned,
        "results_unreadable": unreadable,
        "left_over": leftovers(out, store),
        "seconds": round(time.monotonic() - began),
    }


def at_once(folder: Path, *, seeds: int, processes: int) -> dict[str, Any]:
    """Several runs of one study at the same moment, into one folder."""
    out, store, began = folder / f"{processes}-at-once", folder / f"{processes}-store", time.monotonic()
    running = [
        subprocess.Popen(
            command(out, store=store, seeds=seeds), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(processes)
    ]
    said = [process.communicate()[0] for process in running]
    counts = [re.search(r"trained (\d+), scored (\d+)", text) for text in said]
    trained, scored = (sum(int(found[i]) for found in counts if found) for i in (1, 2))
    run(folder / f"{processes}-alone", store=folder / f"{processes}-alone-store", seeds=seeds)
    lost, wrong = differing(folder / f"{processes}-alone", out)
    return {
        "check": f"{processes} at once",
        "cells": seeds * SETTINGS,
        "exit_codes": " ".join(str(process.returncode) for process in running),
        "lost": lost,
        "differing": wrong,
        "trained": trained,
        "scored": scored,
        "left_over": leftovers(out, store),
        "seconds": round(time.monotonic() - began),
    }


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A file system of that size at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def full_disk(folder: Path, *, seeds: int) -> dict[str, Any]:
    """A store on a disk that is too small; then the disk grows, and the same command goes on."""
    disk, out = folder / "disk", folder / "full"
    with small_disk(disk, "1m"):
        first = run(out, store=disk / "store", seeds=seeds)
        kept = len(list(disk.rglob("*.cell")))
        subprocess.run(["mount", "-o", "remount,size=500m", str(disk)], check=True)
        second = run(out, store=disk / "store", seeds=seeds)
        lines = [line for line in first.stderr.splitlines() if line.startswith("study: ")]
        lost, wrong = differing(folder / "2-alone", out)
        return {
            "check": "full disk",
            "cells": seeds * SETTINGS,
            "exit_codes": f"{first.returncode} {second.returncode}",
            "lost": lost,
            "differing": wrong,
            "files_kept": kept,
            "said": " | ".join(lines).replace(str(disk), "DISK"),
            "left_over": leftovers(out, disk),
        }


def read_only(folder: Path, *, seeds: int) -> dict[str, Any]:
    """A store that is complete and can only be read serves a run; one that is not ends it before any training."""
    disk, out = folder / "read-only", folder / "of-read-only"
    with small_disk(disk, "500m"):
        shutil.copytree(folder / "2-alone-store", disk / "store")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        complete = run(out, store=disk / "store", seeds=seeds)
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        next((disk / "store" / "train").rglob("*.cell")).unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        incomplete = run(folder / "never", store=disk / "store", seeds=seeds)
        lost, wrong = differing(folder / "2-alone", out)
        return {
            "check": "read-only store",
            "cells": seeds * SETTINGS,
            "exit_codes": f"{complete.returncode} {incomplete.returncode}",
            "lost": lost,
            "differing": wrong,
            "said": incomplete.stderr.strip().replace(str(disk), "DISK"),
        }


def main(argv: Sequence[str] | None = None) -> int:
    """Run every check that is not in the table yet, and write the table after each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cells", type=int, default=500, help=f"a multiple of {SETTINGS}")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path("results/reliability"))
    parser.add_argument("--work", type=Path, default=Path(".study-reliability"), help="where the runs happen")
    chosen = parser.parse_args(argv)
    work, seeds = chosen.work.resolve(), chosen.cells // SETTINGS
    few = max(seeds // 10, 1)
    path = chosen.out / "reliability.csv"
    rows = pd.read_csv(path).to_dict("records") if path.is_file() else []
    chosen.out.mkdir(parents=True, exist_ok=True)
    checks = {
        "killed": lambda: killed(work, seeds=seeds, kills=chosen.kills, rng=random.Random(0)),
        "2 at once": lambda: at_once(work, seeds=few, processes=2),
        "3 at once": lambda: at_once(work, seeds=few, processes=3),
        "full disk": lambda: full_disk(work, seeds=few),
        "read-only store": lambda: read_only(work, seeds=few),
    }
    for name, check in checks.items():
        if name in {row["check"] for row in rows}:
            continue
        rows.append({**check(), "date": time.strftime("%Y-%m-%d")})
        print(rows[-1], flush=True)
        table = pd.DataFrame(rows)
        whole = table.select_dtypes("number").columns
        table[whole] = table[whole].astype("Int64")
        table.to_csv(path, index=False)
        (chosen.out / "machine.json").write_text(json.dumps(describe(), indent=2, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--study"]:
        raise SystemExit(study.experiment_main(EXPERIMENT, sys.argv[2:]))
    raise SystemExit(main())
