"""Unpacking gzip while it is read, without unpacking more than is needed."""

import zlib

from study.data.own.npy import Stream

_BLOCK = 1 << 14
_AHEAD = 1 << 13  # bytes
_GZIP = 31  # zlib's number for the gzip format
_FREE_PARTS = 1000  # a file may have so many parts, even if they are empty
_BYTES_PER_PART = 1000  # average size that further parts must have


class GzipStream:
    """The content of a gzip file, read forwards.

    Unlike in `gzip.GzipFile`, zlib parses the headers too, so that a header with a name of megabytes, or a file of a
    million empty parts, is read as fast as other files of its size.
    """

    def __init__(self, file: Stream):
        self._file = file
        self._raw, self._ready = b"", bytearray()
        self._unpack = zlib.decompressobj(_GZIP)
        self._parts, self._produced = 1, 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes, fewer only at the end.

        A little more is unpacked in advance, so that a small file is checked completely before any of it is used.

        Raises:
            zlib.error: not gzip, truncated, damaged, or in too many parts.
        """
        while len(self._ready) < max(size, _AHEAD) and self._advance(max(size, _AHEAD) - len(self._ready)):
            pass
        found = bytes(self._ready[:size])
        del self._ready[:size]
        return found

    def _advance(self, most: int) -> bool:
        """Unpack at most so many further bytes; returns whether there may be more."""
        if self._unpack.eof and not self._next_part():
            return False
        self._raw = self._raw or self._file.read(_BLOCK)
        ended = not self._raw
        block = self._unpack.decompress(self._raw, most)
        self._raw = self._unpack.unconsumed_tail or self._unpack.unused_data
        self._produced += len(block)
        self._ready += block
        if ended and not block and not self._unpack.eof:
            raise zlib.error("it ends before its gzip stream does")
        return True

    def _next_part(self) -> bool:
        """Begin the next part; returns whether there is one. Zeros after the last part are padding."""
        self._raw = self._raw.lstrip(b"\0")
        while not self._raw:
            self._raw = self._file.read(_BLOCK)
            if not self._raw:
                return False
            self._raw = self._raw.lstrip(b"\0")
        self._parts += 1
        if self._parts > _FREE_PARTS + self._produced // _BYTES_PER_PART:
            raise zlib.error(f"it is packed in {self._parts} parts that are almost empty")
        self._unpack = zlib.decompressobj(_GZIP)
        return True
