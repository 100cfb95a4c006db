"""Arrays and a JSON header with a checksum in one .npz file, which can be read safely even from untrusted sources.

The header holds plain values and a SHA-256 over them and over name, type, shape and bytes of every array. No pickle is
used, and nothing is compressed, so that a file never expands to more than its own size.
"""

import contextlib
import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from study.data.own.npy import check_size, read_header, read_values
from study.errors import FileError, StudyError
from study.runtime.checks import said, shown
from study.runtime.files import reason, whole
from study.runtime.reading import read_file

MOST_BYTES = 2**32  # of a file
MOST_ARRAYS = 100_000
KINDS = "biufcU"  # kinds of NumPy types that are read: numbers and text


@dataclasses.dataclass(frozen=True)
class Archive:
    """A kind of file.

    Attributes:
        what: its name in messages.
        header: name of the header among the arrays.
        format, version: of the file, in its header; a newer version is not read.
        writer: the function that writes such a file.
        again: how to replace a bad file, for messages.
    """

    what: str
    header: str
    format: str
    version: int
    writer: str
    again: str

    def write(self, path: str | Path, content: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Write a file, whole or not at all.

        Raises:
            StudyError: there is no such folder, or the operating system refuses.
        """
        signed = {**content, "format": self.format, "version": self.version}
        header = canonical({**signed, "sha256": digest(signed, arrays)})
        target = _in_folder(path, self.what)
        with whole(target) as file:
            np.savez(file, allow_pickle=False, **{self.header: np.array(header)}, **arrays)

    def read(self, path: str | Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """The header without its checksum, and the arrays.

        Raises:
            StudyError: no such file, not one of this kind, or a damaged or altered one.
        """
        mend = f"`{self.writer}` writes one"
        content = read_file(path, what=f"a {self.what}", mend=mend, most=MOST_BYTES)
        with self.told(path):
            arrays = _unpack(content)
            if self.header not in arrays:
                raise ValueError("it has no header")
            found = _header(arrays.pop(self.header))
            signed = found.pop("sha256", None)
            if signed is None:
                raise StudyError(
                    f"has no checksum, like files of older versions; {self.again} and save it with `{self.writer}`"
                )
            if found["format"] != self.format:
                raise ValueError("it has another format")
            if found["version"] > self.version:
                raise StudyError(
                    f"has version {found['version']}, newer than {self.version}, the newest that can be read here; "
                    f"update this package or {self.again}"
                )
            if signed != digest(found, arrays):
                raise ValueError("its checksum does not match")
        return found, arrays

    @contextlib.contextmanager
    def told(self, path: str | Path) -> Iterator[None]:
        """Convert any error within this context to one line about the file.

        Raises:
            StudyError: instead of any other error.
        """
        try:
            yield
        except StudyError as error:
            raise StudyError(f"{path}: {error}") from error
        except (
            Exception
        ) as error:  # zipfile, NumPy, JAX and json raise a dozen types of errors for arbitrary bytes
            raise StudyError(
                f"{path}: damaged, altered, or not a {self.what} ({said(error)}); {self.again} and use `{self.writer}`"
            ) from error


def _in_folder(path: str | Path, what: str) -> Path:
    """The path, after checking that a file can be written there and that its folder exists."""
    if not isinstance(path, str | Path) or not str(path):
        raise StudyError(f"{what}: give the path of a file, got {shown(path)}")
    target, wrong = Path(path), ""
    try:
        if target.is_dir():
            wrong = "is a folder"
        elif not target.parent.is_dir():
            wrong = "no such folder"
        elif target.exists() and not target.is_file():
            wrong = "is a device or a pipe"
    except OSError as error:
        raise FileError(f"{path}: cannot be written ({reason(error)}); give another path") from error
    except ValueError as error:
        raise FileError(f"{shown(path)}: cannot be written (no path); give another path") from error
    if wrong:
        raise FileError(f"{target}: cannot be written ({wrong}); give the path of a file in a folder")
    return target


def canonical(content: Mapping[str, Any]) -> str:
    """The values as JSON text, which is always the same for the same values."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(content: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of the header and of name, type, shape and bytes of every array."""
    found = hashlib.sha256(canonical(content).encode())
    for name, array in sorted(arrays.items()):
        found.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _unpack(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of an archive as `numpy.savez` writes it, uncompressed; anything else in it is an error."""
    arrays: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if len(members) > MOST_ARRAYS or sum(member.file_size for member in members) > len(content):
            raise ValueError("it unpacks to more than its own size")
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name == member.filename or name in arrays or member.compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"it holds {shown(member.filename)} compressed, twice, or of another kind")
            with archive.open(member) as stream:
                header = read_header(stream)
                if header.dtype.kind not in KINDS:
                    raise ValueError(f"it holds {shown(name)} of the type {header.dtype}")
                check_size(header, member.file_size - header.n_bytes, limit=header.size, where=name)
                arrays[name] = read_values(stream, header)
    return arrays


def _header(array: np.ndarray) -> dict[str, Any]:
    if array.shape or array.dtype.kind != "U":
        raise ValueError("its header is not text")
    found = json.loads(str(array), parse_constant=_no_number)
    if not isinstance(found, dict):
        raise ValueError("its header is not a mapping of names to values")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"its header holds {text}")
