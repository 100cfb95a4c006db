"""Fetching a file: bounded, checked, and either whole under its name or not there at all."""

import contextlib
import http.client
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from study.errors import StudyError

_BLOCK = 1 << 16


def data_home() -> Path:
    """Where data lie and are downloaded to: `$STUDY_DATA`, by default `~/.cache/vae-sampling-study`."""
    return Path(os.environ.get("STUDY_DATA") or "~/.cache/vae-sampling-study").expanduser()


def download(
    url: str, path: Path, *, check: Callable[[bytes], object], max_bytes: int, timeout: float = 30.0
) -> None:
    """Download `url` to `path`, through a temporary name in the same folder.

    Args:
        url: the official address.
        path: where the file is to lie; its folder is made.
        check: called with the file's bytes; raises StudyError where they are not what they should be.
        max_bytes: the most that is accepted.
        timeout: seconds without a byte before giving up.

    Raises:
        StudyError: no connection, an error status, a cut connection, too many bytes, a failed check, or a
            folder that cannot be written. No part of the file is left behind.
    """
    mend = f"try again, or put the file at {path} yourself"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise StudyError(
            f"{path.parent}: cannot write ({error}); set STUDY_DATA to another folder"
        ) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _receive(url, file, max_bytes=max_bytes, timeout=timeout)
            file.flush()
            os.fsync(file.fileno())
        check(temporary.read_bytes())
        temporary.replace(path)
    except urllib.error.HTTPError as error:
        error.close()
        raise StudyError(f"{url}: the server answered {error.code} {error.reason}; {mend}") from error
    except StudyError as error:
        raise StudyError(f"{error}; {mend}") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise StudyError(f"{url}: download failed ({reason}); {mend}") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def _receive(url: str, file: BinaryIO, *, max_bytes: int, timeout: float) -> None:
    """Stream the answer into `file` under a progress bar (none where there is no terminal)."""
    from tqdm import tqdm

    with urllib.request.urlopen(url, timeout=timeout) as answer:
        announced = answer.headers.get("Content-Length")
        total = int(announced) if announced and announced.isdigit() else None
        if total is not None and total > max_bytes:
            raise StudyError(f"{url}: announces {total} bytes, at most {max_bytes} expected")
        received = 0
        with tqdm(total=total, unit="B", unit_scale=True, desc=url.rpartition("/")[2], disable=None) as bar:
            while block := answer.read(_BLOCK):
                received += len(block)
                if received > max_bytes:
                    raise StudyError(f"{url}: sent more than the {max_bytes} bytes expected")
                file.write(block)
                bar.update(len(block))
    if total is not None and received != total:
        raise StudyError(f"{url}: the connection was cut after {received} of {total} bytes")
