"""The IDX format of MNIST :cite:`lecun1998`: big-endian type, rank and sizes, then the values."""

import gzip
import io
import math
import re
import zlib
from pathlib import Path

import numpy as np

from study.errors import StudyError

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_FILE_NAME = re.compile(r"(?:.*-)?(train|validation|test|t10k)-(images|labels)[-.]idx\d-ubyte(?:\.gz)?")
MAX_BYTES = 4 << 30


def parse_idx(stream: io.BufferedIOBase, *, where: str, max_bytes: int = MAX_BYTES) -> np.ndarray:
    """The array in an IDX stream, of the shape and type that its header says, in native byte order.

    No more is read than the header announces, so a small file cannot swell to fill the memory.

    Raises:
        StudyError: wrong magic number, more than `max_bytes`, or fewer or more values than announced.
    """
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or magic[3] == 0:
        raise StudyError(
            f"{where}: not an IDX file, it begins with {magic.hex(' ')!r}; give the original file"
        )
    dtype, rank = np.dtype(_TYPES[magic[2]]), magic[3]
    header = stream.read(4 * rank)
    if len(header) < 4 * rank:
        raise StudyError(f"{where}: cut short within its header; fetch the file again")
    shape = tuple(np.frombuffer(header, ">u4").tolist())
    size = math.prod(shape) * dtype.itemsize
    if size > max_bytes:
        raise StudyError(f"{where}: announces {size} bytes, the limit is {max_bytes}; give a smaller file")
    values = stream.read(size + 1)
    if len(values) != size:
        state = "cut short" if len(values) < size else "longer than it announces"
        raise StudyError(f"{where}: {state}, {size} bytes of values expected; fetch the file again")
    return np.frombuffer(values, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def gunzip(raw: bytes, *, max_bytes: int, where: str) -> bytes:
    """The content of gzip bytes, at most `max_bytes` of it; bytes that are not gzip come back as they are.

    Raises:
        StudyError: torn gzip, or content longer than `max_bytes` (a decompression bomb).
    """
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
            content = stream.read(max_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise StudyError(f"{where}: broken gzip ({error}); fetch the file again") from error
    if len(content) > max_bytes:
        raise StudyError(f"{where}: unpacks to more than the {max_bytes} bytes expected; it was not used")
    return content


def read_idx(path: Path) -> np.ndarray:
    """The array in an IDX file, gzip-wrapped or not; see `parse_idx`.

    Raises:
        StudyError: unreadable, broken gzip, or not IDX.
    """
    try:
        with path.open("rb") as file:
            if path.suffix != ".gz":
                return parse_idx(file, where=str(path))
            with gzip.GzipFile(fileobj=file) as stream:
                return parse_idx(stream, where=str(path))
    except (OSError, EOFError, zlib.error) as error:
        raise StudyError(f"{path}: cannot be read ({error}); fetch the file again") from error


def read_idx_folder(folder: Path) -> dict[str, np.ndarray]:
    """Arrays of a folder of IDX files named as MNIST's are, under the keys of `arrays.from_arrays`.

    `train-images-idx3-ubyte` becomes `train`, `t10k-labels-idx1-ubyte.gz` becomes `test_labels`; a prefix
    such as `emnist-letters-` is allowed, `test-` and `validation-` too. Of a file and its .gz, the plain one
    is read.

    Raises:
        StudyError: no such file, two sets of them, or an unreadable one.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            continue
        split = "test" if match[1] == "t10k" else match[1]
        key = split if match[2] == "images" else f"{split}_labels"
        other = found.setdefault(key, path)
        if other.name.removesuffix(".gz") != path.name.removesuffix(".gz"):
            raise StudyError(
                f"{folder}: both {other.name} and {path.name} hold {key}; keep one set per folder"
            )
    if not found:
        raise StudyError(
            f"{folder}: no IDX file, such as train-images-idx3-ubyte.gz; give the folder they are in"
        )
    return {key: read_idx(path) for key, path in found.items()}
