"""The .npy format: its header checked by hand, and values read only where as many bytes lie there as it announces."""

import dataclasses
import math
import re
from typing import Protocol

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
_READABLE = "?bui" + "fc" + "SU" + "Mm"  # kinds of types; what a key may hold is `arrays`' business


class Stream(Protocol):
    """What is read from: a file, or a member of an archive."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes, none at the end."""
        ...


@dataclasses.dataclass(frozen=True)
class Header:
    """What the header of an .npy file announces.

    Attributes:
        dtype: type of a value.
        shape: of the array, no size negative.
        fortran_order: whether the first index runs fastest.
        n_bytes: of the header itself.
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
    """The header that a stream begins with; the stream is then at the first value.

    Nothing of it is evaluated: of the literal that a header is, three items are looked for, which suffices for every
    array of plain numbers or strings whoever wrote it.

    Raises:
        ValueError: in a few words, what is wrong with it.
    """
    start = read_bytes(stream, 8)
    if len(start) < 8 or start[:6] != MAGIC or start[6] not in (1, 2, 3):
        raise ValueError(f"not an .npy array, it begins with {start[:8].hex(' ')!r}")
    width = 2 if start[6] == 1 else 4
    length = int.from_bytes(read_bytes(stream, width), "little")
    if length > _LONGEST_HEADER:
        raise ValueError(f"its header announces {length} bytes, at most {_LONGEST_HEADER} are read")
    raw = read_bytes(stream, length)
    if len(raw) < length:
        raise ValueError("cut short within its header")
    text = raw.decode("latin-1").strip()
    if _STRUCTURED.search(text):
        raise ValueError("it holds records")
    return Header(*_parse(text), n_bytes=8 + width + length)


def _parse(text: str) -> tuple[np.dtype, tuple[int, ...], bool]:
    items, rest = {}, text
    for name, pattern in _ITEMS.items():
        if (found := pattern.search(rest)) is None:
            raise ValueError(f"its header tells no {name}")
        items[name] = found[1]
        rest = rest[: found.start()] + rest[found.end() :]
    if rest.translate(dict.fromkeys(map(ord, " \t\n,"))) != "{}":
        raise ValueError("its header is not that of a numpy array")
    return _dtype(items["descr"]), _shape(items["shape"]), items["fortran_order"] == "True"


def _dtype(name: str) -> np.dtype:
    if not _TYPE.fullmatch(name):
        raise ValueError(f"its header tells the type {name!r}")
    try:
        dtype = np.dtype(name)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"its header tells the type {name!r}") from error
    if dtype.kind not in _READABLE:
        raise ValueError("it holds Python objects" if dtype.kind == "O" else "it holds records")
    if not dtype.itemsize:
        raise ValueError("it holds text of no characters")
    return dtype


def _shape(text: str) -> tuple[int, ...]:
    sizes = [part.strip().removesuffix("L") for part in text.split(",")]
    if sizes[-1] == "":
        sizes.pop()
    if len(sizes) > MOST_DIMENSIONS:
        raise ValueError(f"its header tells {len(sizes)} dimensions, at most {MOST_DIMENSIONS} are read")
    if not all(re.fullmatch(r"[0-9]{1,30}", part) for part in sizes):
        raise ValueError(f"its header tells the shape ({text[:40].strip()})")
    return tuple(map(int, sizes))


def check_size(header: Header, present: int, *, limit: int, where: str) -> None:
    """Refuse an array that is too large, or not as large as the bytes that are there.

    Args:
        header: what was announced.
        present: bytes that follow the header.
        limit: bytes of values that may be read.
        where: what messages call the array.

    Raises:
        StudyError: more than `limit` bytes.
        ValueError: in a few words, that other than `present` bytes are announced.
    """
    check_bytes(header.size, limit=limit, where=where)
    if header.size != present:
        state = "cut short" if header.size > present else "longer than it announces"
        raise ValueError(f"{state}, {header.size} bytes of values expected and {present} are there")


def read_values(stream: Stream, header: Header) -> np.ndarray:
    """The array whose header was read, and checked by `check_size`; the stream must end with it.

    Raises:
        ValueError: in a few words, that the stream is shorter or longer than announced.
    """
    values = read_exactly(stream, header.size).view(header.dtype)
    try:
        if header.fortran_order:
            return values.reshape(header.shape[::-1]).transpose()
        return values.reshape(header.shape)
    except (ValueError, OverflowError):  # of no values, but with sizes beyond what numpy counts in
        raise ValueError(f"its header tells the shape {shown(header.shape)}") from None


def read_exactly(stream: Stream, size: int) -> np.ndarray:
    """`size` bytes, `[size]` uint8, with which the stream ends; memory is taken as they come.

    Raises:
        ValueError: in a few words, that there are fewer or more.
    """
    values = np.empty(size, np.uint8)
    done = 0
    while done < size:
        block = stream.read(min(_BLOCK, size - done))
        if not block:
            raise ValueError(f"cut short, {size} bytes of values expected")
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
