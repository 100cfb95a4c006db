import gzip
import io
import random
import zlib

import pytest

from study.data.own.gzipped import GzipStream


def stream(raw: bytes) -> GzipStream:
    return GzipStream(io.BytesIO(raw))


def test_what_is_read_is_what_was_packed_whatever_the_sizes():
    rng = random.Random(0)
    for _ in range(50):
        parts = [rng.randbytes(rng.choice([0, 1, 1000, 30_000])) for _ in range(rng.randint(1, 5))]
        raw = b"".join(map(gzip.compress, parts)) + bytes(rng.choice([0, 5, 40_000]))
        packed, found = stream(raw), b""
        while block := packed.read(rng.choice([1, 700, 50_000])):
            found += block
        assert found == b"".join(parts)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (gzip.compress(b"x" * 99)[:-3], "it ends before its gzip stream does"),
        (gzip.compress(b"x" * 99)[:4], "it ends before its gzip stream does"),
        (b"", "it ends before its gzip stream does"),
        (gzip.compress(b"x" * 99)[:-8] + bytes(8), "incorrect data check"),
        (b"no gzip", "incorrect header check"),
        (gzip.compress(b"x") + b"more", "incorrect header check"),
        (b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * 1_000_000, "it ends before its gzip stream does"),
        (gzip.compress(b"") * 100_000, "it is packed in 1001 parts that are almost empty"),
    ],
    ids=range(8),
)
def test_what_is_no_whole_gzip_is_refused(raw, message):
    with pytest.raises(zlib.error, match=message):
        stream(raw).read(1_000_000)


def test_no_more_is_unpacked_than_is_asked_for():
    packed = stream(gzip.compress(bytes(50_000_000)))
    assert len(packed.read(10)) == 10
    assert packed._produced < 20_000
