"""Arrays that claim more than they hold: small hand-made .npy, .npz and idx files with false headers."""

import gzip
import io
import struct
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from study.data import load_dataset

X = np.random.default_rng(0).normal(size=(9, 2))


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def npy(
    descr: str,
    shape: str,
    values: bytes = b"",
    *,
    fortran: str = "False",
    version: int = 1,
    padding: int = 0,
) -> bytes:
    """An .npy file with this header."""
    text = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}" + " " * padding + "\n"
    length = len(text).to_bytes(2 if version == 1 else 4, "little")
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode() + values


def doubles(x: np.ndarray) -> bytes:
    """An .npy file of float64 as numpy writes it."""
    stream = io.BytesIO()
    np.save(stream, np.asarray(x, np.float64))
    return stream.getvalue()


def archive(members: Sequence[tuple[str, bytes]], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive."""
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", method) as file:
        warnings.simplefilter("ignore")  # that a name is there twice
        for name, content in members:
            file.writestr(name, content)
    return stream.getvalue()


def patched(
    raw: bytes, *, flags: int = 0, method: int = zipfile.ZIP_DEFLATED, size: int | None = None
) -> bytes:
    """A zip archive of one member whose directory entry contradicts the member's own header."""
    found = bytearray(raw)
    for start, at in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        place = raw.index(start) + at
        found[place : place + 4] = struct.pack("<HH", flags, method)
    if size is not None:
        place = raw.index(b"PK\1\2") + 24
        found[place : place + 4] = struct.pack("<I", size)
    return bytes(found)


def idx(shape: Sequence[int], values: bytes = b"", *, kind: int = 8) -> bytes:
    """An IDX file."""
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + values


WHOLE = doubles(X)
NUMPY_HEADERS = [
    (
        "10^12 elements",
        npy("'<f8'", "(1000000, 1000000)"),
        "announces 8000000000000 bytes, the limit is 1000000",
    ),
    ("just above", npy("'<f8'", "(125001,)"), "announces 1000008 bytes, the limit is 1000000 bytes unpacked"),
    (
        "more than is there",
        npy("'<f8'", "(10, 10)", b"1"),
        "truncated, 800 bytes of values expected and 1 found",
    ),
    ("less than is there", npy("'<f8'", "(1, 1)", bytes(10)), "longer than it announces, 8 bytes of values"),
    ("negative", npy("'<f8'", "(-1, 10)"), "its header has the impossible shape (-1, 10)"),
    ("a size of 50 digits", npy("'<f8'", f"({'9' * 50},)"), "its header has the impossible shape (999"),
    ("200 dimensions", npy("'<f8'", f"({'1, ' * 200})", bytes(8)), "its header has 200 dimensions"),
    ("none of very many", npy("'<f8'", f"(0, {10**20})"), "its header has the impossible shape (0, 1000"),
    ("a huge header", npy("'<f8'", "(1,)", version=2, padding=900_000), "its header announces 9000"),
    ("objects", npy("'|O'", "(10,)"), "it holds Python objects"),
    ("records", npy("[('a', '<f8')]", "(1,)", bytes(8)), "it holds records"),
    ("void", npy("'|V8'", "(1,)", bytes(8)), "its values are 8 bytes without a type, as bfloat16"),
    ("text of no characters", npy("'<U0'", f"({10**12},)"), "it holds text of length 0"),
    ("two types", npy("'i4,i4'", "(1,)"), "its header has the unknown type 'i4,i4'"),
    ("a call", npy("print('called')", "(1,)"), "its header has no descr"),
    ("half a size", npy("'<f8'", "(1.5,)"), "its header has no shape"),
    ("an empty header", b"\x93NUMPY\x01\x00\x02\x00{}", "its header has no descr"),
    ("a header cut short", npy("'<f8'", "(1,)")[:30], "truncated within its header"),
    ("dates", npy("'<M8[ns]'", "(6, 1)", bytes(48)), "'x' has type datetime64[ns]; convert it to numbers"),
    ("complex", npy("'<c16'", "(6, 1)", bytes(96)), "'x' has type complex128; convert it to numbers"),
]


@pytest.mark.parametrize(
    ("content", "message"), [pytest.param(*case[1:], id=case[0]) for case in NUMPY_HEADERS]
)
@pytest.mark.parametrize("form", ["npy", "npz"])
def test_an_array_is_checked_before_it_is_read(tmp_path, form, content, message, refused):
    path = written(tmp_path / f"mine.{form}", archive([("x.npy", content)]) if form == "npz" else content)
    assert message in refused(path)


ARCHIVES = [
    ("a bomb", archive([("x.npy", npy("'|u1'", "(1000, 3000)", bytes(3_000_000)))]), "announces 29999"),
    (
        "a bomb of two arrays",
        archive([(f"{key}.npy", npy("'|u1'", "(600, 1000)", bytes(600_000))) for key in ("train", "test")]),
        "announces 1",
    ),
    (
        "a false size",
        patched(archive([("x.npy", WHOLE)]), size=999_999),
        "longer than it announces, 144 bytes",
    ),
    ("a size too small", patched(archive([("x.npy", WHOLE)]), size=200), "Bad CRC-32 for file 'x.npy'"),
    ("twice", archive([("x.npy", WHOLE)] * 2), "it holds 'x.npy' twice"),
    ("within a folder", archive([("a/x.npy", WHOLE)]), "it holds 'a/x.npy', an array within a folder"),
    ("that climbs", archive([("../x.npy", WHOLE)]), "it holds '../x.npy', an array within a folder"),
    ("no array", archive([("notes.txt", b"hello")]), "it holds 'notes.txt', which is not an .npy array"),
    ("bzip2", archive([("x.npy", WHOLE)], method=zipfile.ZIP_BZIP2), "'x.npy', compressed by method 12"),
    ("lzma", archive([("x.npy", WHOLE)], method=zipfile.ZIP_LZMA), "'x.npy', compressed by method 14"),
    ("unknown method", patched(archive([("x.npy", WHOLE)]), method=99), "'x.npy', compressed by method 99"),
    ("encrypted", patched(archive([("x.npy", WHOLE)]), flags=1), "it holds 'x.npy', which is encrypted"),
    ("many members", archive([(f"x{i}.npy", b"") for i in range(20_000)]), "its directory is longer than"),
    ("damaged", archive([("x.npy", WHOLE)]).replace(b"PK\3\4", b"PK\3\5"), "cannot be read as a numpy file"),
    ("line break in a key", archive([("q\n.npy", WHOLE)]), r"unknown key 'q\n'; rename or drop it"),
]


@pytest.mark.parametrize(("content", "message"), [pytest.param(*case[1:], id=case[0]) for case in ARCHIVES])
def test_an_archive_is_checked_before_it_is_unpacked(tmp_path, content, message, refused):
    assert message in refused(written(tmp_path / "mine.npz", content))


def test_the_limit_counts_all_arrays_of_a_file_and_can_be_raised(tmp_path, refused):
    np.savez_compressed(tmp_path / "mine.npz", train=X, test=X)
    path = tmp_path / "mine.npz"
    assert len(load_dataset(path, max_bytes=2 * X.nbytes).train) == 9
    assert f"the limit is {2 * X.nbytes - 1} bytes" in refused(path, max_bytes=2 * X.nbytes - 1)
    message = refused(path, max_bytes=1)
    assert "--max-gigabytes" in message and "max_bytes=" in message


IDX_FILES = [
    (idx([10**6, 10**6]), "announces 1000000000000 bytes, the limit is 1000000"),
    (idx([10**6]), "truncated, 1000000 bytes of values expected"),
    (idx([1] * 255, b"1"), "announces 255 dimensions, at most 4 are read"),
    (idx([0, 28, 28]), "announces no values, its shape is [0, 28, 28]"),
    (idx([0, *[2**32 - 1] * 3]), "announces no values"),
    (idx([1], b"ab"), "longer than it announces, 1 bytes"),
    (idx([1000, 1000, 1000], bytes(1_000_000)), "announces 1000000000 bytes, the limit is"),
    (idx([900, 1000], bytes(10)), "truncated, 900000 bytes"),
    (idx([4], bytes(4), kind=7), "not an IDX file"),
    (idx([4])[:6], "truncated within its header"),
]


@pytest.mark.parametrize(("content", "message"), IDX_FILES, ids=range(len(IDX_FILES)))
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_an_idx_file_is_checked_before_it_is_unpacked(tmp_path, suffix, content, message, refused):
    written(tmp_path / f"train-images-idx3-ubyte{suffix}", gzip.compress(content) if suffix else content)
    assert message in refused(tmp_path)


def test_the_limit_counts_all_files_of_a_folder(tmp_path, refused):
    for name in ("train", "t10k"):
        written(tmp_path / f"{name}-images-idx3-ubyte.gz", gzip.compress(idx([600, 1000], bytes(600_000))))
    assert "announces 600000 bytes, the limit is 400000 bytes" in refused(tmp_path)
