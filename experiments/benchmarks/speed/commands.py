"""A command as a measured call: its time, and the memory of all its processes together."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from study.errors import StudyError

EVERY = 0.25  # seconds between two looks at the memory
MIB = 2**20


def run(command: Sequence[str], *, folder: Path, environment: Mapping[str, str] | None = None) -> float:
    """Run a command in a folder and return the most memory that it and its children held at once, in MiB.

    Pages that several of them share count once.

    Raises:
        StudyError: it did not end with exit code 0.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, cwd=folder, stdout=said, stderr=said, env={**os.environ, **(environment or {})}
        )
        peak, ended = [0.0], threading.Event()

        def look() -> None:
            while not ended.wait(EVERY):
                peak[0] = max(peak[0], sum(map(held, family(process.pid))) / MIB)

        watching = threading.Thread(target=look)
        watching.start()
        code = process.wait()
        ended.set()
        watching.join()
        if code:
            said.seek(0)
            raise StudyError(f"speed: {' '.join(command)}: exit code {code}: {said.read()[-2000:].decode()}")
    return peak[0]


def study(root: Path, flags: Sequence[str]) -> float:
    """`study` with these flags, by the code in `root`, see `run`."""
    return run(
        [sys.executable, "-m", "study.cli", *flags], folder=root, environment={"PYTHONPATH": str(root)}
    )


def family(pid: int) -> list[int]:
    """A process and all its descendants, as Linux lists them."""
    found = [pid]
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [one for child in path.read_text().split() for one in family(int(child))]
        except OSError:  # it has just ended
            continue
    return found


def held(pid: int) -> int:
    """Bytes of memory that a process holds, its part of shared pages included."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return 0
