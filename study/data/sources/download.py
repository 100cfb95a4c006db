"""Downloading a file: limited in size, checked, and written whole or not at all."""

import contextlib
import glob
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from study.errors import FileError, StudyError
from study.runtime.files import check_writable, clear_abandoned, reason, write_whole

_BLOCK = 1 << 16
_LENGTH = re.compile("[0-9]{1,18}")
_ABANDONED = 24 * 3600.0  # seconds after which a partial file of an older version has no writer


def data_home() -> Path:
    """The folder of data sets and downloads: `$STUDY_DATA`, by default `~/.cache/vae-sampling-study`."""
    return Path(os.environ.get("STUDY_DATA") or "~/.cache/vae-sampling-study").expanduser()


def is_there(path: Path) -> bool:
    """Whether there is a file at `path`; False if the operating system does not say."""
    try:
        return path.is_file()
    except OSError:
        return False


def download(
    url: str, path: Path, *, check: Callable[[bytes], object], max_bytes: int, timeout: float = 30.0
) -> None:
    """Download `url` to `path`, which is written only after everything has arrived and been checked.

    Args:
        url: the official address.
        path: of the new file; its folder is created.
        check: called with the file's bytes; raises StudyError if they are wrong.
        max_bytes: the largest size that is accepted.
        timeout: seconds without a byte before giving up.

    Raises:
        StudyError: no connection, an error status, a cut connection, too many bytes, a failed check, or a
            folder that cannot be written. No part of the file is left behind.
    """
    mend = f"try again, or put the file at {path} yourself"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        check_writable(path.parent)
    except (OSError, FileError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        why = reason(cause) if isinstance(cause, OSError) else error
        raise FileError(f"{path.parent}: cannot write ({why}); set STUDY_DATA to another folder") from error
    _clear_leftovers(path)
    try:
        content = _receive(url, max_bytes=max_bytes, timeout=timeout)
        check(content)
    except urllib.error.HTTPError as error:
        error.close()
        raise StudyError(f"{url}: the server answered {error.code} {error.reason}; {mend}") from error
    except StudyError as error:
        raise StudyError(f"{error}; {mend}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise StudyError(
            f"{url}: download failed ({getattr(error, 'reason', None) or error}); {mend}"
        ) from error
    write_whole(path, content)


def _clear_leftovers(path: Path) -> None:
    """Delete partial files of interrupted downloads of this file once they are older than a day."""
    clear_abandoned(path.parent)
    oldest = time.time() - _ABANDONED
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with contextlib.suppress(OSError):
            if left.is_file() and not left.is_symlink() and left.stat().st_mtime < oldest:
                left.unlink()


def _receive(url: str, *, max_bytes: int, timeout: float) -> bytes:
    """The body of the response, read with a progress bar (if there is a terminal)."""
    from tqdm import tqdm

    with urllib.request.urlopen(url, timeout=timeout) as answer:
        announced = answer.headers.get("Content-Length")
        total = int(announced) if announced and _LENGTH.fullmatch(announced) else None
        if total is not None and total > max_bytes:
            raise StudyError(f"{url}: announces {total} bytes, expected at most {max_bytes}")
        content = bytearray()
        with tqdm(total=total, unit="B", unit_scale=True, desc=url.rpartition("/")[2], disable=None) as bar:
            while block := answer.read(_BLOCK):
                content += block
                if len(content) > max_bytes:
                    raise StudyError(f"{url}: sent more than the {max_bytes} bytes expected")
                bar.update(len(block))
    if total is not None and len(content) != total:
        raise StudyError(f"{url}: the connection was cut after {len(content)} of {total} bytes")
    return bytes(content)
