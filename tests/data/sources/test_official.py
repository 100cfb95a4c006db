import functools
import gzip
import hashlib
import os
import struct
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from study.data import Dataset, load_dataset
from study.data.sources import fashion_mnist, mnist
from study.data.sources.official import OfficialFile, load_official
from study.errors import StudyError

X = np.random.default_rng(0).integers(0, 256, size=(30, 4, 4), dtype=np.uint8)
ARRAYS = {"train": X, "test": X[:10]}
HERE = Path(os.environ.get("STUDY_DATA", "nowhere"))


def content(x: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{x.ndim}I", 0, 0, 8, x.ndim, *x.shape) + x.tobytes()


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


FILES = {key: OfficialFile(f"{key}-idx", x.shape, sha256=sha256(content(x))) for key, x in ARRAYS.items()}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder, the address that serves it, and an empty STUDY_DATA."""
    folder = tmp_path / "site"
    folder.mkdir()
    for key, x in ARRAYS.items():
        (folder / f"{key}-idx.gz").write_bytes(gzip.compress(content(x)))
    monkeypatch.setenv("STUDY_DATA", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder, f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()
        thread.join()


def load(address: str) -> Dataset:
    return load_official("toy", files=FILES, address=address, source="test", seed=0)


def home_files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "home" / "toy").iterdir())


def test_what_is_missing_is_downloaded_once(site, tmp_path):
    data = load(site[1])
    np.testing.assert_array_equal(data.train, (X / np.float32(255)).reshape(30, 16))
    assert (len(data.validation), len(data.test)) == (2, 8)
    assert home_files(tmp_path) == ["test-idx.gz", "train-idx.gz"]
    again = load("http://127.0.0.1:1/")  # nobody is there: all must come from disk
    assert again.fingerprint == data.fingerprint


def test_files_in_another_wrapping_are_used(site, tmp_path):
    folder = tmp_path / "home" / "toy"
    folder.mkdir(parents=True)
    (folder / "train-idx").write_bytes(content(X))
    (folder / "test-idx.gz").write_bytes(gzip.compress(content(X[:10]), 1))
    assert len(load("http://127.0.0.1:1/").train) == 30


def test_a_download_of_other_content_is_refused_and_not_kept(site, tmp_path):
    (site[0] / "train-idx.gz").write_bytes(gzip.compress(content(X[::-1])))
    with pytest.raises(StudyError, match=r"train-idx\.gz: SHA-256 is .*, the official one .*; try again"):
        load(site[1])
    assert home_files(tmp_path) == []


def test_a_decompression_bomb_is_refused_and_not_kept(site, tmp_path):
    bomb = gzip.compress(bytes(900_000))
    assert len(bomb) < 2 * FILES["train"].n_bytes  # small enough to be downloaded
    (site[0] / "train-idx.gz").write_bytes(bomb)
    with pytest.raises(StudyError, match="unpacks to more than the 496 bytes expected"):
        load(site[1])
    assert home_files(tmp_path) == []


def test_a_file_too_large_to_be_the_official_one_is_refused(site, tmp_path):
    (site[0] / "train-idx.gz").write_bytes(bytes(5_000))
    with pytest.raises(StudyError, match="announces 5000 bytes, expected at most 992"):
        load(site[1])
    (tmp_path / "home" / "toy" / "train-idx").write_bytes(bytes(5_000))
    with pytest.raises(StudyError, match="longer than 992 bytes, so it is not the official file; delete"):
        load(site[1])


def test_an_altered_file_on_disk_is_named_and_kept(site, tmp_path):
    load(site[1])
    path = tmp_path / "home" / "toy" / "train-idx.gz"
    path.write_bytes(gzip.compress(content(X ^ 1)))
    with pytest.raises(
        StudyError, match=r"train-idx\.gz: SHA-256 is .*; delete .* and it will be downloaded again"
    ):
        load(site[1])
    assert path.exists()


def test_where_only_the_published_wrapping_is_known():
    published = gzip.compress(content(X))
    file = OfficialFile("x", X.shape, sha256_gz=sha256(published), sha256_head=(32, sha256(X[:2].tobytes())))
    rewrapped = gzip.compress(content(X), 1)
    np.testing.assert_array_equal(file.decode(published, where="f", published=True), X)
    np.testing.assert_array_equal(file.decode(rewrapped, where="f"), X)
    with pytest.raises(StudyError, match="f: SHA-256 is"):
        file.decode(rewrapped, where="f", published=True)
    with pytest.raises(StudyError, match="f: SHA-256 is"):
        file.decode(content(X ^ 1), where="f")
    with pytest.raises(
        StudyError, match=r"f: holds uint8 \[30, 2, 8\], the official file uint8 \[30, 4, 4\]"
    ):
        file.decode(content(X.reshape(30, 2, 8)), where="f")


@pytest.mark.parametrize("module", [mnist, fashion_mnist])
def test_official_sizes(module):
    assert [file.n_bytes for file in module.FILES.values()] == [47_040_016, 60_008, 7_840_016, 10_008]


@pytest.mark.integration
@pytest.mark.skipif(not (HERE / "mnist").is_dir(), reason="STUDY_DATA holds no mnist folder")
def test_the_whole_of_mnist():
    data = load_dataset("mnist")
    assert (len(data.train), len(data.validation), len(data.test)) == (60_000, 2_000, 8_000)
    assert data.train_labels is not None
    assert data.test_labels is not None
    assert data.reference_labels is not None
    # Class counts of the official training set.
    official = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    np.testing.assert_array_equal(np.bincount(data.train_labels), official)
    assert data.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert (data.train.min(), data.train.max()) == (0.0, 1.0)
    share = np.bincount(data.test_labels)
    halves = (
        np.bincount(data.reference_labels) - share / 2
    )  # at random: hypergeometric, with variance N_c (1 - p) / 4
    assert (np.abs(halves) < 5 * np.sqrt(share * (1 - share / 8_000) / 4)).all()
    assert load_dataset(HERE / "mnist").fingerprint == data.fingerprint


@pytest.mark.skipif(
    not (HERE / "fashion-mnist-3615").is_dir(), reason="STUDY_DATA holds no fashion-mnist-3615 folder"
)
def test_a_first_part_of_fashion_mnist_loads_by_path_and_has_the_known_digest():
    path = HERE / "fashion-mnist-3615" / "images.npz"
    data = load_dataset(path)
    assert (data.shape, data.n_classes, len(data.train)) == ((28, 28), 10, 2008)
    with np.load(path) as arrays:
        x, y = arrays["x"], arrays["y"]
    for key, values in (("train", x), ("train_labels", y)):
        head = fashion_mnist.FILES[key].sha256_head
        assert head == (values.size, sha256(values.tobytes()))
