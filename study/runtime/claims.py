"""Claims: of several processes, also on machines that share a folder, one computes and the others wait.

A claim is a file beside what it stands for, refreshed by its owner; one that is not refreshed for `LEASE` seconds, or
whose owner on this machine is gone, is taken over. Should an owner that was only asleep wake up, both compute the same
content under the same key, and a file is only ever replaced whole: a lost claim costs time, never a result.
"""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import SoftFileLease, Timeout

from study.runtime.files import told

LEASE = 30.0  # seconds
LOOK = 0.25  # seconds between two looks at a claim that another process has


class Claim:
    """The right to compute one thing; taken by `claim`, kept until `release`."""

    def __init__(self, path: Path):
        self._lease = SoftFileLease(path, lease_duration=LEASE)

    def take(self, *, seconds: float) -> bool:
        """Whether it was had within so many seconds; -1 waits as long as it takes."""
        try:
            self._lease.acquire(timeout=seconds, poll_interval=LOOK)
        except Timeout:
            return False
        return True

    def release(self) -> None:
        """Let others have it."""
        with contextlib.suppress(OSError):
            self._lease.release()


def claim(path: Path) -> Claim | None:
    """The claim at `path` if no other process has it, else None.

    Raises:
        FileError: the folder cannot be written.
    """
    with told(path.parent, mend="give a folder that can be written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        found = Claim(path)
        return found if found.take(seconds=0) else None


@contextlib.contextmanager
def claimed(path: Path, *, what: str) -> Iterator[None]:
    """Within it the claim at `path` is this process's; waits for another's, and says so.

    Raises:
        FileError: the folder cannot be written.
    """
    found = claim(path)
    if found is None:
        print(f"study: {what}: another process is at it, waiting", file=sys.stderr, flush=True)
        with told(path.parent, mend="give a folder that can be written"):
            found = Claim(path)
            found.take(seconds=-1)
    try:
        yield
    finally:
        found.release()


def pause() -> None:
    """Wait a little before looking again."""
    time.sleep(LOOK)
