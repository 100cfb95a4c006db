"""The IDX format of MNIST :cite:`lecun1998`: big-endian type, rank and sizes, then the values."""

import io
import math
import re
import zlib
from pathlib import Path

import numpy as np

from study.data.own.gzipped import GzipStream
from study.data.own.npy import Stream, read_exactly
from study.data.own.opening import listed_folder, open_regular, told_path
from study.errors import StudyError
from study.runtime.files import reason
from study.runtime.limits import MAX_BYTES, check_bytes

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_FILE_NAME = re.compile(r"(?:.*-)?(train|validation|test|t10k)-(images|labels)[-.]idx\d-ubyte(?:\.gz)?")
_MOST_DIMENSIONS = 4  # [N, H, W, C]


def parse_idx(
    stream: Stream, *, where: str, max_bytes: int = MAX_BYTES, present: int | None = None
) -> np.ndarray:
    """The array in an IDX stream, with the shape and type given in its header, in native byte order.

    Only as much is read as the header announces, so a small file cannot expand to fill the memory.

    Args:
        stream: the stream to read.
        where: its name in messages.
        max_bytes: the largest size of the values.
        present: size in bytes of the whole stream, if it is known beforehand.

    Raises:
        StudyError: wrong magic number, more than `max_bytes`, or fewer or more values than announced.
    """
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or magic[3] == 0:
        raise StudyError(
            f"{where}: not an IDX file (it begins with {magic.hex(' ')!r}); give the original file"
        )
    dtype, rank = np.dtype(_TYPES[magic[2]]), magic[3]
    if rank > _MOST_DIMENSIONS:
        raise StudyError(
            f"{where}: announces {rank} dimensions, at most {_MOST_DIMENSIONS} are read; give [N, H, W, C] or fewer"
        )
    header = stream.read(4 * rank)
    if len(header) < 4 * rank:
        raise StudyError(f"{where}: truncated within its header; download the file again")
    shape = tuple(np.frombuffer(header, ">u4").tolist())
    size = math.prod(shape) * dtype.itemsize
    check_bytes(size, limit=max_bytes, where=where)
    expected = f"{size} bytes of values expected; download the file again"
    if present is not None and present - 4 - 4 * rank < size:
        raise StudyError(f"{where}: truncated, {expected}")
    try:
        values = read_exactly(stream, size)
    except ValueError as error:
        raise StudyError(f"{where}: {error}; download the file again") from error
    if not size:
        raise StudyError(f"{where}: announces no values, its shape is {list(shape)}; give examples")
    return values.view(dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def gunzip(raw: bytes, *, max_bytes: int, where: str) -> bytes:
    """The content of gzip bytes, at most `max_bytes` of it; bytes that are not gzip are returned as they are.

    Raises:
        StudyError: damaged gzip, or content longer than `max_bytes` (a decompression bomb).
    """
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        content = GzipStream(io.BytesIO(raw)).read(max_bytes + 1)
    except zlib.error as error:
        raise StudyError(f"{where}: broken gzip ({error}); download the file again") from error
    if len(content) > max_bytes:
        raise StudyError(f"{where}: unpacks to more than the {max_bytes} bytes expected; it was not used")
    return content


def read_idx(path: Path, *, max_bytes: int = MAX_BYTES) -> np.ndarray:
    """The array in an IDX file, compressed with gzip or not; see `parse_idx`.

    Raises:
        StudyError: unreadable, broken gzip, not IDX, or more than `max_bytes` of values.
    """
    where = told_path(path)
    try:
        with open_regular(path) as (file, size):
            if path.suffix != ".gz":
                return parse_idx(file, where=where, max_bytes=max_bytes, present=size)
            return parse_idx(GzipStream(file), where=where, max_bytes=max_bytes)
    except StudyError:
        raise
    except (OSError, zlib.error) as error:
        why = reason(error) if isinstance(error, OSError) else error
        raise StudyError(f"{where}: cannot be read ({why}); download the file again") from error


def has_idx(folder: Path) -> bool:
    """Whether a folder holds a file with the name of an IDX file.

    Raises:
        FileError: the folder cannot be read.
    """
    return any(_FILE_NAME.fullmatch(path.name) for path in listed_folder(folder))


def read_idx_folder(folder: Path, *, max_bytes: int = MAX_BYTES) -> dict[str, np.ndarray]:
    """Arrays of a folder of IDX files with MNIST's file names, under the keys of `arrays.from_arrays`.

    `train-images-idx3-ubyte` becomes `train`, `t10k-labels-idx1-ubyte.gz` becomes `test_labels`; a prefix such as
    `emnist-letters-` is allowed, and so are `test-` and `validation-`. If a file is there both plain and as .gz, the
    plain one is read. All files together may hold `max_bytes` of values.

    Raises:
        StudyError: there is no such file, there are two sets of them, or they are too large or unreadable.
    """
    found: dict[str, Path] = {}
    for path in listed_folder(folder):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            continue
        split = "test" if match[1] == "t10k" else match[1]
        key = split if match[2] == "images" else f"{split}_labels"
        other = found.setdefault(key, path)
        if other.name.removesuffix(".gz") != path.name.removesuffix(".gz"):
            both = f"{told_path(other.name)} and {told_path(path.name)}"
            raise StudyError(f"{told_path(folder)}: both {both} hold {key}; keep one set per folder")
    if not found:
        raise StudyError(
            f"{told_path(folder)}: no IDX file such as train-images-idx3-ubyte.gz; give the folder that holds them"
        )
    arrays: dict[str, np.ndarray] = {}
    for key, path in found.items():
        arrays[key] = read_idx(path, max_bytes=max_bytes)
        max_bytes -= arrays[key].nbytes
    return arrays
