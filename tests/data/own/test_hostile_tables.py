"""Tables, descriptions of windows, paths and names that cannot be used: each is refused fast, in one line."""

import os
import re
import socket
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from study.data import Dataset, load_dataset

LIMIT = 1_000_000  # bytes
COLUMNS = "a,b\n"
ROWS = "".join(f"{i},{i * i}\n" for i in range(9))


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


CSV_FILES = [
    ("a character 0", "a,b\n1,2\n3,\x004\n", "it holds a null character in line 3"),
    ("UTF-16", "a,b\n1,2\n".encode("utf-16"), "it holds a null character in line 1"),
    ("Latin-1", b"a,b\n1,\xff\n", "can't decode byte 0xff in position 6"),
    ("one line", b"1," * 499_000, "it has 499001 columns, at most 100000 are supported"),
    ("one cell", "a\n" + "1" * 900_000, "column 'a' is infinite in row 1"),
    (
        "a ragged bomb",
        "a," * 50_000 + "a\n" + "1\n" * 50_000,
        "with 50001 columns and about 50001 rows takes",
    ),
    ("too long", "a\n" + "1\n" * 600_000, "holds 1200002 bytes, the limit is 1000000"),
    ("only names", COLUMNS, "has column names but no rows"),
    ("nothing", "", "cannot be read as CSV"),
    ("a short row", f"{COLUMNS}1,2\n1\n", "column 'b' is empty in row 2"),
    ("a long row", f"{COLUMNS}1,2\n\n3,4,5\n", "row 2 in line 4 has 3 cells"),
    ("a long row below a cell of two lines", f'{COLUMNS}"1\n",2\n3,4,5\n', "row 2 in line 4 has 3 cells"),
    ("a first row too long", "a\n0,2\n", "row 1 in line 2 has 2 cells"),
    ("a name twice", "a,b,a\n1,2,3\n", "columns 1 and 3 are both named 'a'; rename one of them"),
    ("label twice", "label,b,label\n1,2,3\n", "columns 1 and 3 are both named 'label'"),
    ("an open quotation mark", f'{COLUMNS}1,2\n"3,4\n5,6\n', "row 2 in line 3 opens a quotation mark that"),
    ("one before much text", f'{COLUMNS}"3,4\n{"5,6" * 99_999}', "row 1 in line 2 opens a quotation mark"),
    ("400 digits", f"{COLUMNS}{ROWS}{'9' * 400},3\n", "column 'a' is infinite in row 10"),
    ("5,000 digits", f"{COLUMNS}{ROWS}3,{'9' * 5000}\n", "column 'b' is infinite in row 10"),
    ("1e999", f"{COLUMNS}{ROWS}1,1e999\n", "column 'b' is infinite in row 10"),
    (
        "beyond 2^53",
        "a\n" + "".join(f"{2**60 + i}\n" for i in range(9)),
        "column 'a' differs by less than float64",
    ),
    (
        "beyond 2^64",
        "a\n" + "".join(f"{10**40 + i}\n" for i in range(9)),
        "column 'a' differs by less than float64",
    ),
    ("no class", "a,label\n1,\n", "column 'label' is empty in row 1; give that row a class, such as unknown"),
    ("a name of two lines", '"a\nb",b\nx,1\n', r"column 'a\nb' is not numeric"),
]


@pytest.mark.parametrize(("content", "message"), [pytest.param(*case[1:], id=case[0]) for case in CSV_FILES])
def test_a_csv_file_is_refused_for_what_is_wrong_with_it(tmp_path, content, message, refused):
    assert message in refused(written(tmp_path, "mine.csv", content))


CSV_THAT_WORK: dict[str, tuple[bytes | str, int]] = {
    "a mark of byte order": ("\ufeff" + COLUMNS + ROWS, 2),
    "line ends of Windows": ((COLUMNS + ROWS).replace("\n", "\r\n"), 2),
    "line ends of old Macs": ((COLUMNS + ROWS).replace("\n", "\r"), 2),
    "blank lines": (f"\n\n{COLUMNS}\n{ROWS}\n", 2),
    "cells in quotation marks": (COLUMNS + ROWS.replace("1,1\n", '"1\n",1\n', 1), 2),
    "commas at line ends": ("a,b\n" + ROWS.replace("\n", ",\n"), 2),
    "whole numbers of 19 digits": (COLUMNS + "".join(f"{2**63 + 4096 * i},{i}\n" for i in range(9)), 2),
    "the same, one negative": (
        COLUMNS + "".join(f"{2**63 + 4096 * i},{i}\n" for i in range(9)) + "-1,2\n",
        2,
    ),
    "20 columns": (
        ",".join(f"c{i}" for i in range(20)) + "\n" + ("1," * 19 + "2\n" + "2," * 19 + "1\n") * 5,
        20,
    ),
}


@pytest.mark.parametrize(("content", "width"), CSV_THAT_WORK.values(), ids=CSV_THAT_WORK)
def test_csv_files_of_every_make_are_read(tmp_path, content, width):
    assert load_dataset(written(tmp_path, "mine.csv", content)).shape == (width,)


def test_long_labels_take_no_more_memory_than_their_file(tmp_path):
    rows = "".join(f"{i},{'xy'[i % 2]}\n" for i in range(2_000)) + f"1,{'z' * 100_000}\n" * 9
    path = written(tmp_path, "mine.csv", f"a,label\n{rows}")
    tracemalloc.start()
    assert load_dataset(path, max_bytes=LIMIT).n_classes == 3
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * LIMIT  # as an array of texts they would take 800


SETTINGS = 'csv = "t.csv"\ntime = "t"\nfeatures = ["a"]\ntarget = "a"\nn_past = 2\nn_future = 1\n'
TOML_CHANGES = [
    ('["a"]', "3", "features: expected a list, got 3"),
    ('["a"]', "[3]", "features: expected text, got 3"),
    ('target = "a"', "target = [1]", "target: expected text, got [1]"),
    ("n_past = 2", "n_past = true", "n_past: expected int, got True"),
    ("n_past = 2", "n_past = inf", "n_past: expected int, got inf"),
    ("n_past = 2", "n_past = nan", "n_past: expected int, got nan"),
    ("n_past = 2", "n_past = 2020-01-01", "n_past: expected int, got datetime.date(2020, 1, 1)"),
    ("n_past = 2", f"n_past = {'9' * 5000}", "cannot be read as TOML"),
    (
        "n_past = 2",
        f"n_past = 0x{'f' * 6000}",
        "n_past must be a whole number from 1 to 2147483647, got a very",
    ),
    ("n_past = 2", "n_past = 2147483647", "200 rows are too few for windows of 2147483648 steps"),
    ('"t.csv"', '["t.csv"]', "csv must be the path of a file, got ['t.csv']"),
    ('"t.csv"', "7", "csv must be the path of a file, got 7"),
    ('"t.csv"', '""', "csv must be the path of a file, got ''"),
    ('"t.csv"', '"a\\u0000b"', r"a\x00b: no file can have such a name"),
    ('"t.csv"', '"."', "cannot be read as CSV (it is a folder)"),
    ('"t.csv"', '"/dev/zero"', "/dev/zero: cannot be read as CSV (it is a device)"),
    ("time", f"x = {'[' * 3000}{']' * 3000}\ntime", "cannot be read as TOML"),
    ("time", f"x = {'{a=' * 3000}1{'}' * 3000}\ntime", "cannot be read as TOML"),
    (
        "time",
        f"# {'x' * 2_000_000}\ntime",
        "longer than 1048576 bytes, so it is not a description of windows",
    ),
    ('["a"]', '["b"]\nstride = 0', "stride must be a whole number from 1 on, got 0"),
    ('target = "a"', 'target = "large"', "column 'large' has training values from 0 to"),
    ('target = "a"', 'target = "late"', "column 'late' has 1e+200 in row 111, too large for float32"),
]


def series(folder: Path) -> None:
    late = [0.0, 1.0] * 55 + [1e200] * 90
    written(
        folder,
        "t.csv",
        "t,a,b,large,late\n" + "".join(f"{i},{i % 7},{i},{i}e305,{late[i]}\n" for i in range(200)),
    )


@pytest.mark.parametrize(("before", "after", "message"), TOML_CHANGES, ids=range(len(TOML_CHANGES)))
def test_a_toml_file_is_refused_for_what_is_wrong_with_it(tmp_path, before, after, message, refused):
    series(tmp_path)
    assert before in SETTINGS
    assert message in refused(written(tmp_path, "mine.toml", SETTINGS.replace(before, after, 1)))


@pytest.mark.parametrize("place", ["t.csv", "../{name}/t.csv", "{folder}/t.csv"])
def test_the_csv_of_a_toml_file_is_where_its_user_says(tmp_path, place):
    series(tmp_path)
    place = place.format(name=tmp_path.name, folder=tmp_path)
    path = written(tmp_path, "mine.toml", SETTINGS.replace("t.csv", place))
    assert load_dataset(path).shape == (3, 1)


def test_windows_that_make_a_small_table_huge_are_refused(tmp_path, refused):
    rows = "".join(f"{i},{i % 7}\n" for i in range(20_000))
    written(tmp_path, "t.csv", "t,a\n" + rows)
    text = SETTINGS.replace("n_past = 2", "n_past = 499")
    message = refused(written(tmp_path, "mine.toml", text))
    assert re.search(r"in \d+ windows of 500 steps takes \d+ bytes, the limit is 1000000", message)
    assert len(load_dataset(written(tmp_path, "mine.toml", text + "stride = 100\n"), max_bytes=LIMIT).train)


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


PLACES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a pipe": (make_fifo, "it is a pipe"),
    "a socket": (make_socket, "it is a socket"),
    "a link to a device": (lambda path: path.symlink_to("/dev/zero"), "it is a device"),
    "a loop of links": (lambda path: path.symlink_to(path), "a loop of links"),
    "a link to nothing": (
        lambda path: path.symlink_to(path.parent / "none"),
        "a link to something that does not exist",
    ),
    "nothing": (lambda path: None, "unknown dataset"),
    "a folder": (lambda path: path.mkdir(), "no IDX file"),
}


@pytest.mark.parametrize("suffix", ["csv", "npz", "npy", "toml"])
@pytest.mark.parametrize(("make", "message"), PLACES.values(), ids=PLACES)
def test_what_is_no_regular_file_is_never_opened(tmp_path, monkeypatch, suffix, make, message, refused):
    monkeypatch.chdir(tmp_path)  # a socket's path may not be long
    make(Path(f"x.{suffix}"))
    assert message in refused(f"x.{suffix}")


def test_an_idx_file_that_is_a_pipe_is_never_opened(tmp_path, refused):
    os.mkfifo(tmp_path / "train-images-idx3-ubyte")
    assert "it is a pipe" in refused(tmp_path)


NAMES = [
    ("", "expected a name or a path, got ''"),
    (None, "expected a name or a path, got None"),
    (b"digits", "expected a name or a path, got b'digits'"),
    (7, "expected a name or a path, got 7"),
    ("a\0b.csv", r"no file can have the name 'a\x00b.csv'"),
    ("\ud800.csv", "no file can have such a name"),
    ("two\nlines", r"unknown dataset 'two\nlines', and no file"),
    ("x" * 300 + ".csv", "file name too long"),
    ("x/" * 5000, "file name too long"),
    ("~nobody-of-that-name/x.csv", "give a path without ~"),
    ("/dev/zero", "cannot read a file without a suffix"),
]


@pytest.mark.parametrize(("name", "message"), NAMES, ids=range(len(NAMES)))
@pytest.mark.usefixtures("unchecked")
def test_a_name_that_is_none_is_refused(name, message, refused):
    assert message in refused(name)


@pytest.mark.parametrize("seed", [-1, 1.5, True, 10**30, None, "1", float("nan")])
@pytest.mark.usefixtures("unchecked")
def test_a_seed_that_is_none_is_refused(seed, refused):
    assert "dataset 'digits': seed" in refused("digits", seed=seed)


@pytest.mark.parametrize("max_bytes", [0, -1, 1.5, True, 10**30, "1"])
@pytest.mark.usefixtures("unchecked")
def test_a_limit_that_is_none_is_refused(max_bytes, refused):
    assert "max_bytes: give a whole number" in refused("digits", max_bytes=max_bytes)


def loaded(folder: Path, name: str) -> Dataset:
    return load_dataset(written(folder, name, COLUMNS + ROWS))


def test_the_name_of_own_data_is_plain(tmp_path):
    data = loaded(tmp_path, "a$b\n![i](x)<b>\u202e.csv")
    assert data.name == "a_b___i_(x)_b__"
    assert data.source.isprintable() and "<" not in data.source
    assert len(loaded(tmp_path, "n" * 240 + ".csv").name) == 80
    assert loaded(tmp_path, "données-2.csv").name == "données-2"
