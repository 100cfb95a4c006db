"""How much a file may unpack to, and a ceiling on memory while outside software reads it."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from study.errors import StudyError
from study.runtime.checks import whole_number

MAX_BYTES = 2 << 30  # of unpacked data per file or folder of the user's
RAISE = "raise the limit: --max-gigabytes, in Python max_bytes=..."
_SHOWN_DIGITS = 30


def byte_limit(max_bytes: int | None) -> int:
    """The limit in bytes: what was given, else `MAX_BYTES`.

    Raises:
        StudyError: not a whole number from 1 on.
    """
    if max_bytes is None:
        return MAX_BYTES
    return whole_number(max_bytes, name="max_bytes", least=1, most=2**63 - 1)


def check_bytes(found: int, *, limit: int, where: str, verb: str = "announces") -> None:
    """Refuse more than `limit` bytes of data; called before any memory is taken for them.

    Args:
        found: bytes that the data take, or say that they take, unpacked.
        limit: see `byte_limit`.
        where: what the message calls the file.
        verb: what the file does with these bytes.

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
    """Within it this process can take `n_bytes` more memory than it has, and running out of memory is one line.

    The ceiling is on the address space of the whole process, so that other threads must not need much meanwhile. On
    a system without such a ceiling, or without a way to tell what is in use, only real want of memory is told.

    Args:
        n_bytes: beyond what the process has mapped when the block begins.
        where: what the message calls the work.

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
_ceilings: list[int] = []  # of the blocks that are open now, in any thread
_before: tuple[int, int] | None = None  # the limits that held before the first of them


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
    """Set the lowest ceiling of all open blocks, or what held before them; the caller holds the lock."""
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
    """Bytes of address space that this process has mapped, None where that cannot be told or limited."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return pages * os.sysconf("SC_PAGE_SIZE") if hasattr(resource, "RLIMIT_AS") else None
    except (ImportError, OSError, ValueError, IndexError):
        return None
