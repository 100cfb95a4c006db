"""A results folder whose content is replaced as a whole: it holds either all old files or all new ones.

New files are first written into a folder within it. One rename marks that folder as complete; then its files only have
to be moved up, and if the writer is killed, the next process finishes this. Files that are not in the manifest belong
to the user: they are never deleted, and are renamed if a new file needs their name.

The manifest is the entry "files" of `provenance.json`: the SHA-256 of every other file that was written.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from study.errors import StudyError
from study.runtime.claims import claimed
from study.runtime.files import TEMPORARY, told

MANIFEST = "provenance.json"
FORMAT = "vae-sampling-study results"
READY = ".ready"  # the complete folder, whose files are being moved up
CLAIM = ".study.claim"
ASIDE = ".kept"  # suffix of a user's file after a file of ours has taken its name
_LARGEST = 64 << 20  # largest size of a manifest, in bytes


@contextlib.contextmanager
def exchanged(folder: Path) -> Iterator[Path]:
    """A new folder to write into, with its `provenance.json`; its files replace those of `folder` when the block ends.

    If the block raises, nothing changes. If another process is writing into the same folder, wait for it.

    Raises:
        FileError: the folder cannot be written.
    """
    with told(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with claimed(folder / CLAIM, what=str(folder)):
        _settle(folder)
        _clear(folder)
        with told(folder):
            fresh = Path(tempfile.mkdtemp(dir=folder, prefix=TEMPORARY))
        try:
            yield fresh
            with told(folder):
                for path in files_of(fresh):
                    _flush(path)
                fresh.chmod(0o755)
                fresh.rename(folder / READY)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        _settle(folder)


def settle(folder: Path) -> None:
    """Finish an exchange that a killed process began, if there is one.

    Raises:
        FileError: the folder cannot be written.
    """
    if (folder / READY).is_dir():
        with claimed(folder / CLAIM, what=str(folder)):
            _settle(folder)


def _settle(folder: Path) -> None:
    ready = folder / READY
    if not ready.is_dir():
        return
    old = _ours(folder)
    with told(folder):
        new = files_of(ready)
        for path in sorted(new, key=lambda path: path.name == MANIFEST):  # the manifest comes last
            name = path.relative_to(ready).as_posix()
            target = folder / name
            foreign = name != MANIFEST and name not in old and os.path.lexists(target)
            if foreign or target.is_dir():
                _put_aside(target)
            if target.parent.is_symlink() and target.parent != folder:
                _put_aside(target.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            if name == MANIFEST:
                _remove_old(folder, old, kept={p.relative_to(ready).as_posix() for p in new})
            path.replace(target)
        shutil.rmtree(ready)


def _remove_old(folder: Path, old: Mapping[str, str], *, kept: set[str]) -> None:
    """Delete files that an earlier run wrote and this one did not, unless they were changed since."""
    recorded = set(manifest(read_manifest(folder / READY)))
    for name, digest in old.items():
        path = folder / name
        if (
            name not in recorded | kept
            and path.is_file()
            and not path.is_symlink()
            and sha256(path) == digest
        ):
            path.unlink()
            with contextlib.suppress(OSError):
                path.parent.rmdir()


def _put_aside(path: Path) -> None:
    for number in range(1000):
        aside = path.with_name(f"{path.name}{ASIDE}{number or ''}")
        if not os.path.lexists(aside):
            path.rename(aside)
            return


def _clear(folder: Path) -> None:
    """Delete unfinished folders of killed writers; while this process holds the claim nobody else writes here."""
    for path in folder.glob(f"{TEMPORARY}*"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


def _ours(folder: Path) -> dict[str, str]:
    """The manifest of a folder; empty if it has none that can be read."""
    try:
        return manifest(read_manifest(folder))
    except StudyError:
        return {}


def is_ours(folder: Path) -> bool:
    """Whether this program may write into `folder`: it is absent, empty, or this program wrote it."""
    with told(folder, mend="give another folder"):
        if not folder.exists() and os.path.lexists(folder):
            folder.stat()  # raises the error of a broken link
    if not folder.is_dir():
        return not folder.exists()
    with told(folder, mend="give another folder"):
        names = {path.name for path in folder.iterdir()}
    if not {n for n in names if n not in (READY, CLAIM) and not n.startswith(TEMPORARY)}:
        return True
    try:
        return read_manifest(folder).get("format") == FORMAT
    except StudyError:
        return False


def read_manifest(folder: Path) -> dict[str, Any]:
    """`provenance.json` of a folder.

    Raises:
        StudyError: there is none, or it is not a JSON object.
    """
    path = folder / MANIFEST
    mend = "run the experiment again"
    if os.path.lexists(path) and not path.is_file():
        raise StudyError(f"{path}: is not a file; {mend}")
    if not path.is_file():
        unfinished = any(folder.glob(f"{TEMPORARY}*"))
        state = "a run was stopped before its tables were complete" if unfinished else "no such file"
        raise StudyError(f"{path}: {state}; give a folder that `study run` wrote, or {mend}")
    with told(path, mend=mend):
        if path.stat().st_size > _LARGEST:
            raise StudyError(f"{path}: larger than {_LARGEST >> 20} MiB; {mend}")
        text = path.read_bytes()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StudyError(f"{path}: not JSON ({type(error).__name__}); {mend}") from error
    if not isinstance(found, dict):
        raise StudyError(f"{path}: not a JSON object; {mend}")
    return found


def manifest(facts: Mapping[str, Any]) -> dict[str, str]:
    """Digests by file name; names that do not lie below the folder are left out."""
    found = facts.get("files")
    if not isinstance(found, dict):
        return {}
    return {
        name: digest
        for name, digest in found.items()
        if isinstance(digest, str) and _is_below(name) and name != MANIFEST
    }


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    plain = not path.is_absolute() and ".." not in path.parts and "\\" not in name and "\0" not in name
    return plain and path.as_posix() == name and not name.startswith(".")


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 by name of every file below a folder except the manifest, sorted by name."""
    found = {path.relative_to(folder).as_posix(): path for path in files_of(folder)}
    return {name: sha256(path) for name, path in sorted(found.items()) if name != MANIFEST}


def sha256(path: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_of(folder: Path) -> list[Path]:
    """Every file below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
