"""The store: every computed result under a key that identifies everything that decided it.

A key is the SHA-256 of canonical JSON of everything that decides the content, so equal keys mean equal content, and
nothing has to be invalidated by hand. A file is one line of JSON (checksum, facts) followed by an npz archive. It is
written under a temporary name, flushed to disk and renamed, so that a reader sees the complete file or none. The
checksum is checked at every read; a damaged or altered file is reported, deleted and computed again.

If several processes need a result, one computes it and the others wait (`Store.claim`). `Store.remove` deletes only
what the store wrote.
"""

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from study.errors import StudyError
from study.runtime.checks import said
from study.runtime.claims import Claim, claim, claimed
from study.runtime.files import TEMPORARY, clear_abandoned, told, write_whole

MARKER = ".study-store"  # marks a folder that this program wrote
STAGES = (
    "features",
    "train",
    "encode",
    "latents",
    "likelihood",
    "quality",
    "score",
    "report",
    "evaluate",
    "programs",
)  # "evaluate" is a stage of earlier versions, and "programs" are compiled ones
_OURS = re.compile(rf"\.?[0-9a-f]{{2,64}}\.(cell|claim).*|{re.escape(TEMPORARY)}.*|.*-[0-9a-f]{{64}}-cache")


def content_key(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of `content`, 64 hex digits."""
    text = json.dumps(dict(content), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def default_store() -> Path:
    """`$STUDY_STORE`, or `.study` below the current folder."""
    return Path(os.environ.get("STUDY_STORE") or ".study")


@dataclasses.dataclass(frozen=True)
class Stored:
    """The content of one file of the store: arrays by name, and plain JSON facts."""

    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Store:
    """A folder of results by stage and key."""

    folder: Path

    def path(self, stage: str, key: str) -> Path:
        """The path of the file for this key, whether or not it exists."""
        return self.folder / stage / key[:2] / f"{key}.cell"

    def has(self, stage: str, key: str) -> bool:
        """Whether there is a file for this key; only `get` checks its content."""
        return self.path(stage, key).is_file()

    def get(self, stage: str, key: str) -> Stored | None:
        """The content, or None if there is none or the file is damaged (which gives a warning and removes it).

        Raises:
            FileError: the file cannot be read.
        """
        path = self.path(stage, key)
        try:
            with told(path, mend="make the store readable, or give another one"):
                content = path.read_bytes()
        except StudyError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise
        head, _, body = content.partition(b"\n")
        try:
            header = json.loads(head)
            if header["key"] != key or header["sha256"] != _digest(header["facts"], body):
                raise ValueError("checksum differs")
            with np.load(io.BytesIO(body), allow_pickle=False) as archive:
                return Stored({name: archive[name] for name in archive.files}, header["facts"])
        except Exception as error:  # JSON, zip, zlib and numpy have no common class
            warnings.warn(f"{path}: damaged ({said(error)}); removed, and computed again", stacklevel=2)
            with contextlib.suppress(OSError):  # a read-only store
                path.unlink()
            return None

    def put(self, stage: str, key: str, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """Store the content completely or not at all.

        Raises:
            FileError: the folder cannot be written, or the disk is full.
        """
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **dict(arrays))
        body = buffer.getvalue()
        plain = json.loads(json.dumps(facts))  # as a reader will see it, so that the checksum agrees
        header = {"key": key, "sha256": _digest(plain, body), "facts": plain}
        self._mark()
        write_whole(self.path(stage, key), json.dumps(header).encode() + b"\n" + body)

    def claim(self, stage: str, key: str) -> Claim | None:
        """The right to compute the content of this key; None if another process has it.

        Raises:
            FileError: the folder cannot be written.
        """
        return claim(self.path(stage, key).with_suffix(".claim"))

    @contextlib.contextmanager
    def claimed(self, stage: str, key: str) -> Iterator[None]:
        """Hold the right to compute the content within this context; waits if another process has it.

        Raises:
            FileError: the folder cannot be written.
        """
        with claimed(self.path(stage, key).with_suffix(".claim"), what=f"{stage} {key[:12]}"):
            yield

    @property
    def programs(self) -> Path:
        """The folder of compiled programs."""
        return self.folder / "programs"

    def prepare(self) -> None:
        """Create the folder, and delete unfinished files of killed runs.

        Raises:
            FileError: it cannot be written.
        """
        self._mark()
        clear_abandoned(self.folder)

    def _mark(self) -> None:
        marker = self.folder / MARKER
        if not marker.is_file():
            write_whole(marker, b"trained cells of vae-sampling-study; `study clean` deletes them\n")

    def contents(self) -> list[Path]:
        """Every file that the store wrote, recognised by the layout of its folders; links are not followed.

        Raises:
            StudyError: there is no such folder, or it is not marked as a store.
            FileError: it cannot be read.
        """
        with told(self.folder, mend="give the folder of a store"):
            if not self.folder.is_dir():
                raise StudyError(f"{self.folder}: no such folder; give the store that `study run` used")
            if not (self.folder / MARKER).is_file():
                raise StudyError(
                    f"{self.folder}: has no {MARKER}, so it is not a store of this program; nothing was deleted "
                    "(the next run marks a store of an earlier version)"
                )
            found = []
            for stage in filter(_is_real, (self.folder / name for name in STAGES)):
                for part in filter(_is_real, _parts(stage)):
                    found += [path for path in part.iterdir() if _OURS.fullmatch(path.name)]
        return [path for path in found if path.is_file() and not path.is_symlink()]

    def remove(self) -> int:
        """Delete what the store wrote, and its folders if nothing else is in them; returns the bytes freed.

        Raises:
            StudyError: as `contents`, or another process is using the store.
            FileError: it cannot be deleted.
        """
        found = self.contents()
        for path in found:
            if path.suffix == ".claim":
                taken = claim(path)
                if taken is None:
                    raise StudyError(f"{self.folder}: another process uses this store; nothing was deleted")
                taken.release()
        size = 0
        with told(self.folder, mend="make it writable"):
            for path in found:
                with contextlib.suppress(FileNotFoundError):
                    freed = path.stat().st_size
                    path.unlink()
                    size += freed
            (self.folder / MARKER).unlink()
        for stage in filter(_is_real, (self.folder / name for name in STAGES)):
            for folder in (*filter(_is_real, _parts(stage)), stage):
                with contextlib.suppress(OSError):  # the folder holds other files
                    folder.rmdir()
        with contextlib.suppress(OSError):
            self.folder.rmdir()
        return size


def _parts(stage: Path) -> list[Path]:
    """Its folders of finished files or of the programs of a processor, and those in which a process keeps its own."""
    kinds = ("[0-9a-f]" * 2, "[0-9a-f]" * 16, f"{TEMPORARY}*")
    return [folder for kind in kinds for folder in stage.glob(kind)]


def _is_real(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _digest(facts: Any, body: bytes) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode() + b"\n" + body).hexdigest()
