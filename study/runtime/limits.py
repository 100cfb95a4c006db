"""Limits on how much data a file may unpack to, and on memory while other software reads it."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from study.errors import StudyError
from study.runtime.checks import whole_number

MAX_BYTES = 2 << 30  # of unpacked data per file or folder of the user
RAISE = "raise the limit: --max-gigabytes, in Python max_bytes=..."
_SHOWN_DIGITS = 30


def byte_limit(max_bytes: int | None) -> int:
    """The limit in bytes: `max_bytes` if given, else `MAX_BYTES`.

    Raises:
        StudyError: it is not a whole number of at least 1.
    """
    if max_bytes is None:
        return MAX_BYTES
    return whole_number(max_bytes, name="max_bytes", least=1, most=2**63 - 1)


def check_bytes(found: int, *, limit: int, where: str, verb: str = "announces") -> None:
    """Refuse more than `limit` bytes of data; call this before allocating memory for them.

    Args:
        found: unpacked size of the data in bytes, actual or announced.
        limit: see `byte_limit`.
        where: the name of the file in the message.
        verb: the verb of the message, such as "announces".

    Raises:
        StudyError: `found` is more.
    """
    if found > limit:
        told = f"{found}" if found < 10**_SHOWN_DIGITS else f"more than 10^{_SHOWN_DIGITS}"
        raise StudyError(
            f"{where}: {verb} {told} bytes, the limit is {limit} bytes unpacked; give less data, or {RAISE}"
        )


@contextlib.contextmanager
def memory_at_most(n_bytes: int, *, where: str = "reading") -> Iterator[None]:
    """Within this context the process can allocate `n_bytes` more memory; running out is a one-line error.

    The limit is on the address space of the whole process, so other threads must not need much meanwhile. On a system
    without such a limit, or without a way to find the memory in use, only a real lack of memory is reported.

    Args:
        n_bytes: allowed beyond what the process has mapped when the block begins.
        where: the name of the work in the message.

    Raises:
        StudyError: in place of a MemoryError.
    """
    try:
        with _lowered(n_bytes):
            yield
    except MemoryError as error:
        raise StudyError(
            f"{where}: needs more memory than there is, or than the {n_bytes} bytes allowed; give less data, "
            f"or {RAISE}"
        ) from error


_lock = threading.Lock()
_ceilings: list[int] = []  # limits of the contexts that are open now, in any thread
_before: tuple[int, int] | None = None  # the process's limits before the first of them


@contextlib.contextmanager
def _lowered(n_bytes: int) -> Iterator[None]:
    mapped = _address_space()
    if mapped is None:
        yield
        return
    ceiling = mapped + n_bytes
    with _lock:
        _ceilings.append(ceiling)
        _apply()
    try:
        yield
    finally:
        with _lock:
            _ceilings.remove(ceiling)
            _apply()


def _apply() -> None:
    """Set the lowest limit of all open contexts, or restore the limit before them; the caller holds the lock."""
    import resource

    global _before
    if _before is None:
        _before = resource.getrlimit(resource.RLIMIT_AS)
    soft, hard = _before
    wanted = [*_ceilings, *(one for one in (soft, hard) if one != resource.RLIM_INFINITY)]
    resource.setrlimit(resource.RLIMIT_AS, (min(wanted), hard) if _ceilings else (soft, hard))
    if not _ceilings:
        _before = None


def _address_space() -> int | None:
    """Bytes of address space that this process has mapped; None if the system cannot report or limit it."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE") if hasattr(resource, "RLIMIT_AS") else None
    except (ImportError, OSError, ValueError, IndexError):
        return None
