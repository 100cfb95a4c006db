"""Cases of `reliability.py` in which a run cannot write: full disk, limited files, read-only store, /dev/full."""

import contextlib
import dataclasses
import re
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from reliability_tables import Place, damaged, differing, leftovers, stored, tables, undisturbed

from study import StudyError


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Callable[[str], None]]:
    """Mount a file system in memory of this size at `folder`; yields a function that resizes it.

    Raises:
        StudyError: this process has no permission to mount.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield lambda size: _mount("-o", f"remount,size={size}", str(folder))
    finally:
        subprocess.run(["umount", str(folder)], check=False)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """A path at which `folder` can be read but not written, not even by root.

    Raises:
        StudyError: this process has no permission to mount.
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
    """Run with store and results on a disk that is too small; then enlarge it and resume."""
    place = Place(folder / f"disk-{size}", profile)
    with small_disk(place.folder, size) as resize:
        return _no_room(place, folder, f"a disk of {size}B", lambda: resize("256m"))


def file_limit(folder: Path, profile: str, *, size: int) -> dict[str, Any]:
    """Run with files limited to `size` bytes; then resume without a limit."""
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
    kept, torn = stored(place.kept), damaged(place.kept)
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
    """Run on a read-only store: works if the store is complete, else is refused before any training."""
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
    """Standard output that cannot be written (/dev/full): one line on stderr, no traceback."""
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
