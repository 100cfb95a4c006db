"""The one way to read a file of unknown origin: it is checked before it is opened, and its size is limited."""

import stat
from pathlib import Path

from study.errors import FileError, StudyError
from study.runtime.files import reason

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def read_file(path: str | Path, *, what: str, mend: str, most: int, name: str | None = None) -> bytes:
    """The content of a regular file; pipes and devices, which may never end, are not opened.

    Args:
        path: the file.
        what: the expected kind of file for messages, such as "an ONNX network".
        mend: what the user should do; the end of messages.
        most: largest number of bytes to read.
        name: the name of the file in messages, by default its path.

    Raises:
        FileError: the operating system refuses.
        StudyError: there is no such file, or it is empty, larger than `most`, or not a regular file.
    """
    if not isinstance(path, str | Path) or not str(path):
        raise StudyError(f"{name or what}: give a path, got {path!r}; {mend}")
    called = name or str(path)
    try:
        file = Path(path)
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):
            kind = KINDS.get(stat.S_IFMT(found.st_mode), "something else")
            raise StudyError(f"{called}: is {kind}, not {what}; {mend}")
        if found.st_size > most:
            raise StudyError(
                f"{called}: {found.st_size:,} bytes, more than the limit of {most:,} for {what}; {mend}"
            )
        with file.open("rb") as opened:
            content = opened.read(found.st_size + 1)  # this much memory is reserved at once
    except FileNotFoundError:
        raise StudyError(f"{called}: no such file; {mend}") from None
    except OSError as error:
        raise FileError(f"{called}: {reason(error)}; {mend}") from error
    except (ValueError, MemoryError) as error:
        if isinstance(error, StudyError):
            raise
        told = "too large for the memory" if isinstance(error, MemoryError) else "not a path"  # a NUL in it
        raise StudyError(f"{called}: {told}; {mend}") from error
    if not content:
        raise StudyError(f"{called}: is empty; {mend}")
    if len(content) > found.st_size:
        raise StudyError(f"{called}: grew while it was read; let its writer finish, then try again")
    return content
