import gzip
import io
import struct

import numpy as np
import pytest

from study.data import load_dataset
from study.data.own.idx import gunzip, parse_idx, read_idx, read_idx_folder
from study.errors import StudyError

# Two examples of 2 x 3 bytes, written out by hand.
BYTES = bytes.fromhex("00000803 00000002 00000002 00000003 000102030405 0a0b0c0d0eff")
VALUES = np.array([[[0, 1, 2], [3, 4, 5]], [[10, 11, 12], [13, 14, 255]]], np.uint8)


def idx_bytes(x: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{x.ndim}I", 0, 0, 8, x.ndim, *x.shape) + x.tobytes()


def test_hand_written_bytes_are_read():
    x = parse_idx(io.BytesIO(BYTES), where="f")
    assert x.dtype == np.uint8
    np.testing.assert_array_equal(x, VALUES)


def test_wide_types_are_read_big_endian():
    content = bytes.fromhex("00000c01 00000002 00000001 fffffffe")
    np.testing.assert_array_equal(parse_idx(io.BytesIO(content), where="f"), np.array([1, -2], np.int32))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BYTES[:-1], "f: truncated, 12 bytes of values expected; download the file again"),
        (BYTES + b"\0", "f: longer than it announces, 12 bytes of values expected"),
        (BYTES[:10], "f: truncated within its header"),
        (b"\x01" + BYTES[1:], r"f: not an IDX file \(it begins with '01 00 08 03'\)"),
        (BYTES[:2] + b"\x07" + BYTES[3:], r"f: not an IDX file \(it begins with '00 00 07 03'\)"),
        (b"", r"f: not an IDX file \(it begins with ''\)"),
        (bytes.fromhex("00000801 ffffffff"), "f: announces 4294967295 bytes, the limit is 1000"),
    ],
)
def test_malformed_idx_is_refused(content, message):
    with pytest.raises(StudyError, match=message):
        parse_idx(io.BytesIO(content), where="f", max_bytes=1000)


def test_files_are_read_with_and_without_gzip(tmp_path):
    (tmp_path / "plain").write_bytes(BYTES)
    (tmp_path / "packed.gz").write_bytes(gzip.compress(BYTES))
    for name in ("plain", "packed.gz"):
        np.testing.assert_array_equal(read_idx(tmp_path / name), VALUES)


def test_broken_gzip_is_refused(tmp_path):
    packed = gzip.compress(BYTES)
    for content in (packed[:-12], b"no gzip at all", packed[:12] + b"\xff\xff\xff" + packed[15:]):
        (tmp_path / "x.gz").write_bytes(content)
        with pytest.raises(StudyError, match=r"x\.gz: cannot be read .*; download the file again"):
            read_idx(tmp_path / "x.gz")


def test_gunzip_stops_at_the_limit():
    assert gunzip(gzip.compress(b"x" * 100), max_bytes=100, where="f") == b"x" * 100
    assert gunzip(b"plain", max_bytes=100, where="f") == b"plain"
    with pytest.raises(StudyError, match="f: unpacks to more than the 100 bytes expected; it was not used"):
        gunzip(gzip.compress(b"x" * 10_000_000), max_bytes=100, where="f")
    with pytest.raises(StudyError, match="f: broken gzip"):
        gunzip(gzip.compress(b"x" * 50)[:-3], max_bytes=100, where="f")


def write_folder(folder, x, y):
    (folder / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(x)))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx_bytes(y))
    (folder / "emnist-t10k-images.idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(x[:20])))
    (folder / "emnist-t10k-labels.idx1-ubyte").write_bytes(idx_bytes(y[:20]))
    (folder / "README").write_text("not data")


def test_a_folder_of_idx_files_loads_by_path(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, size=(40, 5, 6), dtype=np.uint8)
    write_folder(tmp_path, x, (np.arange(40) % 4).astype(np.uint8))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(b"never read: the plain file comes first")
    data = load_dataset(tmp_path)
    assert (data.name, data.shape, data.n_classes) == (tmp_path.name, (5, 6), 4)
    assert (len(data.train), len(data.validation), len(data.test)) == (40, 4, 16)


def test_folders_without_or_with_two_sets_are_refused(tmp_path):
    with pytest.raises(StudyError, match=r"no IDX file such as train-images-idx3-ubyte\.gz"):
        load_dataset(tmp_path)
    write_folder(tmp_path, np.zeros((4, 2, 2), np.uint8), np.zeros(4, np.uint8))
    (tmp_path / "letters-train-images-idx3-ubyte").write_bytes(b"")
    with pytest.raises(StudyError, match="hold train; keep one set per folder"):
        read_idx_folder(tmp_path)
