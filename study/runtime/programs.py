"""Compiled programs are kept, so that the next run of the same shapes does not compile again.

JAX keeps them in a folder that it writes in place: a process that is killed leaves half a program there, and another
may read it. So each process works in a folder of its own, with links to the shared one; what it has compiled is linked
back whole, while it works, so that processes that work side by side compile each program once. A program compiled for
one processor may not run on another, so each kind has its own folder.
"""

import contextlib
import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
from jax.experimental.compilation_cache.compilation_cache import reset_cache

from study.runtime.files import TEMPORARY
from study.runtime.progress import ticking

KEPT = 30 * 86400.0  # seconds
EVERY = 0.25  # seconds between two exchanges with other processes
WHOLE = 1.0  # seconds after which a program that nobody writes to any more is whole; one takes milliseconds
_OURS = "jax_compilation_cache_dir"
_SETTINGS: dict[str, Any] = {
    "jax_persistent_cache_min_compile_time_secs": 0.0,
    "jax_persistent_cache_min_entry_size_bytes": -1,
    "jax_persistent_cache_enable_xla_caches": "none",  # which make the folder's path part of every key
}


@contextlib.contextmanager
def kept_programs(folder: Path) -> Iterator[None]:
    """Within this context JAX reads programs that were compiled earlier from `folder`, and adds new ones.

    No effect where the user has set another place with `JAX_COMPILATION_CACHE_DIR`, or the folder cannot be written:
    programs are then compiled.
    """
    own = None if getattr(jax.config, _OURS) else _own(folder)
    if own is None:
        yield
        return
    shared = folder / _processor()
    before = {name: getattr(jax.config, name) for name in (_OURS, *_SETTINGS)}
    try:
        link(shared, own)
        _set({_OURS: str(own), **_SETTINGS})
        with ticking(lambda: exchange(own, shared), every=EVERY):
            yield
    finally:
        _set(before)
        link(own, shared)
        shutil.rmtree(own, ignore_errors=True)


def exchange(own: Path, shared: Path) -> None:
    """Give each folder the other's new programs; of one's own those that are surely whole."""
    link(own, shared, rested=WHOLE)
    link(shared, own)


def link(source: Path, target: Path, *, rested: float = 0.0) -> None:
    """Link every program of one folder into another that does not have it, whole; old ones are deleted instead.

    With `rested`, only those that have not been written to for so many seconds.
    """
    oldest, newest = time.time() - KEPT, time.time() - rested
    with contextlib.suppress(OSError):  # no such folder, or one that cannot be written
        target.mkdir(parents=True, exist_ok=True)
        known = {path.name for path in target.iterdir()}
        for path in source.iterdir():
            if path.name in known or path.name.startswith("."):
                continue
            with contextlib.suppress(OSError):  # another process was faster
                written = path.stat().st_mtime
                if written < oldest:
                    path.unlink()
                elif written <= newest:
                    os.link(path, target / path.name)


def _own(folder: Path) -> Path | None:
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{TEMPORARY}*"):  # by a process that was killed
            if left.stat().st_mtime < time.time() - KEPT / 30:
                shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(dir=folder, prefix=TEMPORARY))
    return None


def _set(settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        jax.config.update(name, value)
    reset_cache()  # else JAX goes on with the place that it had at its first compilation


def _processor() -> str:
    """16 hex digits of a digest of the processor's instructions."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        found = next(line for line in lines if line.startswith(("flags", "Features")))
    except (OSError, StopIteration):
        found = platform.platform() + platform.processor()
    return hashlib.sha256(found.encode()).hexdigest()[:16]
