"""The .npy format: the header is parsed without evaluating it, and its size is compared with the bytes present."""

import dataclasses
import math
import re
from typing import Protocol, runtime_checkable

import numpy as np

from study.runtime.checks import shown
from study.runtime.limits import check_bytes

MAGIC = b"\x93NUMPY"
MOST_DIMENSIONS = 32
_LONGEST_HEADER = 10_000  # bytes; numpy's own limit
_BLOCK = 1 << 20
_TYPE = re.compile(r"[<>|=]?[?bBhHiIuUlLqQefdgFDGcSVOMm][0-9]{0,12}(\[[0-9A-Za-z/]{1,12}\])?")
_STRUCTURED = re.compile(r"""['"]descr['"]\s*:\s*[\[(]""")
_ITEMS = {
    "descr": re.compile(r"""['"]descr['"]\s*:\s*['"]([^'"\\]{1,40})['"]"""),
    "fortran_order": re.compile(r"""['"]fortran_order['"]\s*:\s*(True|False)"""),
    "shape": re.compile(r"""['"]shape['"]\s*:\s*\(([-0-9L,\s]*)\)"""),
}
_READABLE = "?bui" + "fc" + "SU" + "Mm"  # kinds of types; `arrays` decides which of them a key may have


@runtime_checkable
class Stream(Protocol):
    """A source of bytes: a file, or a member of an archive."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes, none at the end."""
        ...


@dataclasses.dataclass(frozen=True)
class Header:
    """The header of an .npy file.

    Attributes:
        dtype: type of a value.
        shape: of the array, no size negative.
        fortran_order: whether the first index varies fastest.
        n_bytes: size of the header itself.
    """

    dtype: np.dtype
    shape: tuple[int, ...]
    fortran_order: bool
    n_bytes: int

    @property
    def size(self) -> int:
        """Bytes of values."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(stream: Stream) -> Header:
    """The header at the beginning of a stream; the stream is left at the first value.

    The header is a Python literal, but it is not evaluated: its three items are found by regular expressions, which is
    enough for every array of plain numbers or strings.

    Raises:
        ValueError: the header is wrong; the message says in a few words how.
    """
    start = read_bytes(stream, 8)
    if len(start) < 8 or start[:6] != MAGIC or start[6] not in (1, 2, 3):
        raise ValueError(f"not an .npy array (it begins with {start[:8].hex(' ')!r})")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(read_bytes(stream, width), "little")
    if length > _LONGEST_HEADER:
        raise ValueError(f"its header announces {length} bytes, at most {_LONGEST_HEADER} are supported")
    raw = read_bytes(stream, length)
    if len(raw) < length:
        raise ValueError("truncated within its header")
    text = raw.decode("latin-1").strip()
    if _STRUCTURED.search(text):
        raise ValueError("it holds records")
    return Header(*_parse(text), n_bytes=8 + width + length)


def _parse(text: str) -> tuple[np.dtype, tuple[int, ...], bool]:
    items, rest = {}, text
    for name, pattern in _ITEMS.items():
        if (found := pattern.search(rest)) is None:
            raise ValueError(f"its header has no {name}")
        items[name] = found[1]
        rest = rest[: found.start()] + rest[found.end() :]
    if rest.translate(dict.fromkeys(map(ord, " \t\n,"))) != "{}":
        raise ValueError("its header is not that of a NumPy array")
    return _dtype(items["descr"]), _shape(items["shape"]), items["fortran_order"] == "True"


def _dtype(name: str) -> np.dtype:
    if not _TYPE.fullmatch(name):
        raise ValueError(f"its header has the unknown type {name!r}")
    try:
        dtype = np.dtype(name)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"its header has the unknown type {name!r}") from error
    if dtype.kind not in _READABLE:
        raise ValueError(_unreadable(dtype))
    if not dtype.itemsize:
        raise ValueError("it holds text of length 0")
    return dtype


def _unreadable(dtype: np.dtype) -> str:
    if dtype.kind == "O":
        return "it holds Python objects"
    return f"its values are {dtype.itemsize} bytes without a type, as bfloat16 and float8 are written"


def _shape(text: str) -> tuple[int, ...]:
    sizes = [part.strip().removesuffix("L") for part in text.split(",")]
    if sizes[-1] == "":
        sizes.pop()
    if len(sizes) > MOST_DIMENSIONS:
        raise ValueError(f"its header has {len(sizes)} dimensions, at most {MOST_DIMENSIONS} are supported")
    if not all(re.fullmatch(r"[0-9]{1,30}", part) for part in sizes):
        raise ValueError(f"its header has the impossible shape ({text[:40].strip()})")
    return tuple(map(int, sizes))


def check_size(header: Header, present: int, *, limit: int, where: str) -> None:
    """Refuse an array that is too large, or whose size differs from the bytes present.

    Args:
        header: the header of the array.
        present: number of bytes that follow the header.
        limit: the largest size of the values, in bytes.
        where: name of the array in messages.

    Raises:
        StudyError: more than `limit` bytes.
        ValueError: the header announces more or fewer than `present` bytes.
    """
    check_bytes(header.size, limit=limit, where=where)
    if header.size != present:
        state = "truncated" if header.size > present else "longer than it announces"
        raise ValueError(f"{state}, {header.size} bytes of values expected and {present} found")


def read_values(stream: Stream, header: Header) -> np.ndarray:
    """The values after a header that was read, and checked by `check_size`; the stream must end with them.

    Raises:
        ValueError: the stream is shorter or longer than announced.
    """
    values = read_exactly(stream, header.size).view(header.dtype)
    try:
        if header.fortran_order:
            return values.reshape(header.shape[::-1]).transpose()
        return values.reshape(header.shape)
    except (ValueError, OverflowError):  # no values, but a size that is too large for NumPy
        raise ValueError(f"its header has the impossible shape {shown(header.shape)}") from None


def read_exactly(stream: Stream, size: int) -> np.ndarray:
    """The last `size` bytes of the stream, `[size]` uint8; memory is used only as they are read.

    Raises:
        ValueError: there are fewer or more.
    """
    values = np.empty(size, np.uint8)
    done = 0
    while done < size:
        block = stream.read(min(_BLOCK, size - done))
        if not block:
            raise ValueError(f"truncated, {size} bytes of values expected")
        values[done : done + len(block)] = np.frombuffer(block, np.uint8)
        done += len(block)
    if stream.read(1):
        raise ValueError(f"longer than it announces, {size} bytes of values expected")
    return values


def read_bytes(stream: Stream, size: int) -> bytes:
    """At most `size` bytes, fewer only at the end."""
    parts, left = [], size
    while left and (block := stream.read(min(left, _BLOCK))):
        parts.append(block)
        left -= len(block)
    return b"".join(parts)
