"""Opening the files that a user names. Only regular files are opened, since reading others could block or never end."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from study.errors import FileError, StudyError
from study.runtime.checks import shown
from study.runtime.files import reason

_LONGEST_TOLD = 300  # characters of a path that a message repeats
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def told_path(path: str | os.PathLike[str]) -> str:
    """A path for messages: one printable line, with the middle of a very long one left out."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in os.fspath(path))
    half = _LONGEST_TOLD // 2
    return text if len(text) <= _LONGEST_TOLD else f"{text[:half]}…{text[-half:]}"


def own_path(given: object) -> Path:
    """A user's path, with `~` replaced by the home folder.

    Raises:
        StudyError: neither text nor a path, or a path that no file can have.
    """
    try:
        text = os.fspath(given)  # type: ignore[call-overload]
    except TypeError:
        text = given
    if not isinstance(text, str):
        raise StudyError(f"expected a path, got {shown(given)}; give it as text")
    if not text or "\0" in text:
        raise StudyError(f"no file can have the name {shown(text)}; give a path")
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # no such user, or no home folder
        raise StudyError(f"{told_path(text)}: {error}; give a path without ~") from error


def find(path: Path) -> os.stat_result | None:
    """The status of the file or folder at `path`, following links; None if there is none.

    Raises:
        FileError: the operating system refuses: a loop of links, a name that is too long, no permission.
        StudyError: a path that no file can have.
    """
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            raise FileError(
                f"{told_path(path)}: is a link to something that does not exist; correct the link"
            ) from None
        return None
    except OSError as error:
        why = "a loop of links" if error.errno == errno.ELOOP else reason(error)
        raise FileError(f"{told_path(path)}: {why}; give a file or folder that can be read") from error
    except ValueError as error:  # a null character, or another that no file name can contain
        raise StudyError(f"{told_path(path)}: no file can have such a name; correct the path") from error


@contextlib.contextmanager
def open_regular(path: Path, *, form: str = "") -> Iterator[tuple[BinaryIO, int]]:
    """The file at `path` for reading, and its size in bytes; only a regular file is opened.

    Args:
        path: of the file.
        form: the expected format for messages, such as `" as CSV"`.

    Raises:
        FileError: there is no such file, it is a folder, a pipe, a socket or a device, or it cannot be read.
    """
    what = f"{told_path(path)}: cannot be read{form}"
    found = find(path)
    if found is None:
        raise FileError(f"{what} (no such file); correct the path")
    _check_regular(found, what)
    try:
        # Without blocking, since the file may have been replaced by a pipe after the check.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise FileError(f"{what} ({reason(error)}); give a file that you may read") from error
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        _check_regular(found, what)
        yield file, found.st_size


def read_regular(path: Path, *, most: int, what: str) -> bytes:
    """The bytes of a regular file of at most `most` bytes.

    Args:
        path: of the file.
        most: the limit in bytes.
        what: the expected kind of file in words, for the message that it is too long.

    Raises:
        FileError: as `open_regular`, or reading fails.
        StudyError: the file is longer.
    """
    with open_regular(path) as (file, _):
        try:
            raw = file.read(most + 1)
        except OSError as error:
            raise FileError(f"{told_path(path)}: cannot be read ({reason(error)})") from error
    if len(raw) > most:
        raise StudyError(f"{told_path(path)}: longer than {most} bytes, so it is not {what}")
    return raw


def listed_folder(folder: Path) -> list[Path]:
    """What is in a folder, sorted by name.

    Raises:
        FileError: it cannot be read.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise FileError(
            f"{told_path(folder)}: cannot be read ({reason(error)}); give a folder that you may read"
        ) from error


def _check_regular(found: os.stat_result, what: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = next((told for check, told in _KINDS if check(found.st_mode)), "not a regular file")
        raise FileError(f"{what} (it is {kind}); give a regular file")
