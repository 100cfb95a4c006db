"""The .npz format: a zip archive of .npy arrays; arrays are unpacked only if directory and headers agree."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np

from study.data.own.npy import check_size, read_header, read_values
from study.errors import StudyError
from study.runtime.checks import shown
from study.runtime.limits import check_bytes

MAGIC = b"PK"
_LARGEST_DIRECTORY = 1 << 20  # bytes of the list of members: enough for many thousands
_HEADER = 128  # bytes of a usual .npy header, which do not count as data
_SUFFIX = ".npy"
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # those that NumPy writes
BROKEN = (  # exceptions that zipfile and zlib raise on bytes that are not an archive
    OSError,
    ValueError,
    EOFError,
    LookupError,
    RuntimeError,
    OverflowError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


class _Sips:
    """A file of which at most `_LARGEST_DIRECTORY` bytes can be read at once, whatever size the archive claims."""

    def __init__(self, file: BinaryIO):
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; all that are left if `size` is negative."""
        if 0 <= size <= _LARGEST_DIRECTORY:
            return self._file.read(size)
        found = self._file.read(_LARGEST_DIRECTORY + 1)
        if len(found) > _LARGEST_DIRECTORY:
            raise ValueError(f"its directory is longer than {_LARGEST_DIRECTORY} bytes")
        return found


def read_npz(file: BinaryIO, *, limit: int, where: str) -> dict[str, np.ndarray]:
    """Arrays by key.

    Args:
        file: the archive.
        limit: the largest size of all arrays together, in bytes.
        where: name of the file in messages.

    Raises:
        StudyError: the arrays take more than `limit` bytes.
        ValueError, and the others of `BROKEN`: anything else that is wrong with the archive or a member.
    """
    with zipfile.ZipFile(_Sips(file)) as archive:  # zipfile needs only read, seek and tell
        members = archive.infolist()
        _check_members(members)
        data = sum(max(one.file_size - _HEADER, 0) for one in members)
        check_bytes(data, limit=limit, where=where)
        arrays: dict[str, np.ndarray] = {}
        left = limit
        for member in members:
            key = member.filename.removesuffix(_SUFFIX)
            try:
                arrays[key] = _read_member(archive, member, limit=left, where=f"{where}: {key!r}")
            except StudyError:
                raise
            except ValueError as error:
                raise ValueError(f"{shown(key)}: {error}") from error
            left -= arrays[key].nbytes
    return arrays


def _check_members(members: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse members that `numpy.savez` would not write, judging by the directory only."""
    seen = set()
    for member in members:
        name, told = member.filename, shown(member.filename)
        if name in seen:
            raise ValueError(f"it holds {told} twice")
        seen.add(name)
        if not name.endswith(_SUFFIX) or stat.S_ISLNK(member.external_attr >> 16):
            raise ValueError(f"it holds {told}, which is not an .npy array")
        if "/" in name or "\\" in name:
            raise ValueError(f"it holds {told}, an array within a folder")
        if member.flag_bits & _ENCRYPTED:
            raise ValueError(f"it holds {told}, which is encrypted")
        if member.compress_type not in _METHODS:
            raise ValueError(
                f"it holds {told}, compressed by method {member.compress_type} instead of deflate"
            )


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, *, limit: int, where: str) -> np.ndarray:
    with archive.open(member) as stream:
        header = read_header(stream)
        check_size(header, member.file_size - header.n_bytes, limit=limit, where=where)
        return read_values(stream, header)
