"""The store: every computed thing under a key that says what decided its content.

A key is the SHA-256 of canonical JSON of everything that decides the content, so that equal keys mean equal
content and nothing is ever invalidated by hand. A file is one line of JSON (checksum, facts) followed by an npz
archive. It is written to a temporary name, flushed to disk and renamed, so that a reader sees the whole of it or
nothing; the checksum is compared at every read, and a torn or altered file is reported, deleted and made anew.
"""

import dataclasses
import hashlib
import io
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

SCHEMA = 3  # raise it when what a stage computes changes, and every stored cell is made anew


def content_key(content: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON of `content` and the schema's version, 64 hex digits."""
    text = json.dumps({"schema": SCHEMA, **content}, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def default_store() -> Path:
    """`$STUDY_STORE`, or `.study` below the current folder."""
    return Path(os.environ.get("STUDY_STORE") or ".study")


@dataclasses.dataclass(frozen=True)
class Stored:
    """What one file of the store holds: arrays by name, and plain JSON facts."""

    arrays: Mapping[str, np.ndarray]
    facts: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Store:
    """A folder of results by stage and key."""

    folder: Path

    def path(self, stage: str, key: str) -> Path:
        """Where the content of this key lies or would lie."""
        return self.folder / stage / key[:2] / f"{key}.cell"

    def has(self, stage: str, key: str) -> bool:
        """Whether there is a file for this key; only `get` checks its content."""
        return self.path(stage, key).is_file()

    def get(self, stage: str, key: str) -> Stored | None:
        """The content, or None where there is none or the file is damaged (with a warning; it is removed)."""
        path = self.path(stage, key)
        try:
            head, _, body = path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        try:
            header = json.loads(head)
            if header["key"] != key or header["sha256"] != _digest(header["facts"], body):
                raise ValueError("checksum differs")
            with np.load(io.BytesIO(body), allow_pickle=False) as archive:
                return Stored({name: archive[name] for name in archive.files}, header["facts"])
        except (ValueError, KeyError, TypeError, EOFError) as error:
            warnings.warn(f"{path}: damaged ({error}); removed, and made anew", stacklevel=2)
            path.unlink(missing_ok=True)
            return None

    def put(self, stage: str, key: str, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
        """Store the content, whole or not at all."""
        path = self.path(stage, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **dict(arrays))
        body = buffer.getvalue()
        plain = json.loads(json.dumps(facts))  # as a reader will see it, so that the checksum agrees
        header = {"key": key, "sha256": _digest(plain, body), "facts": plain}
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(json.dumps(header).encode() + b"\n" + body)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def remove(self) -> int:
        """Delete the whole store; returns the bytes freed."""
        size = sum(file.stat().st_size for file in self.folder.rglob("*") if file.is_file())
        shutil.rmtree(self.folder, ignore_errors=True)
        return size


def _digest(facts: Any, body: bytes) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode() + b"\n" + body).hexdigest()
