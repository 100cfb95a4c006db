"""Memory that was freed goes back to the system."""

import ctypes
from pathlib import Path

import pytest

from study.runtime import memory

MIB = 1 << 20
glibc = pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library gives memory back by itself"
)


def held() -> int:
    """Bytes of memory that this process has in use, as Linux counts them."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))


@glibc
def test_what_was_freed_below_what_is_in_use_goes_back() -> None:
    blocks = [bytes(2000) for _ in range(60_000)]  # larger than those that Python keeps for itself
    blocks[:-1] = []  # the last one holds the heap where it is
    before = held()
    memory.give_back()
    assert held() < before - 60 * MIB


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    memory._trim.cache_clear()
    try:
        memory.give_back()
        assert memory._trim()(0) is None  # malloc_trim returns a number
    finally:
        memory._trim.cache_clear()
