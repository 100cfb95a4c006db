"""Claims: of several processes, possibly on machines that share a folder, one computes and the others wait.

A claim is a file beside the file to be computed, and its owner refreshes it. If it is not refreshed for `LEASE`
seconds, or its owner on this machine no longer exists, another process takes it over. If the first owner was only
suspended and continues, both compute the same content under the same key, and files are only replaced as a whole: a
lost claim costs time, never a result.
"""

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import SoftFileLease, Timeout

from study.runtime.files import told

LEASE = 30.0  # seconds
LOOK = 0.25  # seconds between two checks of another process's claim


class Claim:
    """The right to compute one thing, obtained from `claim` and held until `release`."""

    def __init__(self, path: Path):
        self._lease = SoftFileLease(path, lease_duration=LEASE)

    def take(self, *, seconds: float) -> bool:
        """Try to obtain the claim for so many seconds, -1 without limit; returns whether it was obtained."""
        try:
            self._lease.acquire(timeout=seconds, poll_interval=LOOK)
        except Timeout:
            return False
        return True

    def release(self) -> None:
        """Release the claim for other processes."""
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
    """Hold the claim at `path` within this context; if another process holds it, say so and wait.

    Raises:
        FileError: the folder cannot be written.
    """
    found = claim(path)
    if found is None:
        print(f"study: {what}: another process is working on this, waiting", file=sys.stderr, flush=True)
        with told(path.parent, mend="give a folder that can be written"):
            found = Claim(path)
            found.take(seconds=-1)
    try:
        yield
    finally:
        found.release()


def pause() -> None:
    """Wait a little before checking again."""
    time.sleep(LOOK)
