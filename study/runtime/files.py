"""The one way to write a file: it appears under its name when it is complete, or not at all."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from study.errors import FileError

TEMPORARY = ".writing-"  # prefix of the names of unfinished files and folders
ABANDONED = 600.0  # seconds without a write after which an unfinished file counts as abandoned


@contextlib.contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """A file that is flushed to disk and replaces `path` when the block ends; if the block raises, nothing changes.

    Raises:
        FileError: the operating system refuses; the message says what and where.
    """
    with told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY)
    temporary = Path(name)
    try:
        with told(path):
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o666 & ~_umask())  # only the owner may read files of mkstemp
            temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_whole(path: Path, content: bytes) -> None:
    """Write bytes to `path`, whole or not at all.

    Raises:
        FileError: as `whole`.
    """
    with whole(path) as file:
        file.write(content)


@contextlib.contextmanager
def told(path: Path, *, mend: str = "free the disk, or give another place") -> Iterator[None]:
    """Within this context an error of the operating system becomes a one-line error about `path`.

    Raises:
        FileError: in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise FileError(f"{path}: {reason(error)}; {mend}") from error


def reason(error: OSError) -> str:
    """The operating system's description of an error, without numbers and paths."""
    return (error.strerror or str(error) or type(error).__name__).lower()


def check_writable(folder: Path) -> None:
    """Check that a file can be written into `folder`, and leave nothing behind.

    Raises:
        FileError: it cannot.
    """
    made = [path for path in (folder, *folder.parents) if not os.path.lexists(path)]
    with told(folder, mend="give a folder that can be written"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=folder, prefix=TEMPORARY)
            os.close(handle)
            Path(name).unlink()
        finally:
            for path in made:
                with contextlib.suppress(OSError):
                    path.rmdir()


def clear_abandoned(folder: Path) -> None:
    """Delete unfinished files below `folder`, except recent ones, whose writer may still be running."""
    oldest = time.time() - ABANDONED
    for path in folder.rglob(f"{TEMPORARY}*"):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink() and path.stat().st_mtime < oldest:
                path.unlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
